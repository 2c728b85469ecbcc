"""The Prefect worker as a part: ``python -m gateway.up.worker PARENT``. It and its flows end with the parent."""

from __future__ import annotations

import sys

from registry.serving import end_with_parent

POOL = "turnout"


def main() -> None:
    """Work on the pool's flow runs until told to end."""
    end_with_parent(int(sys.argv[1]), with_group=True)
    sys.argv = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", "turnout"]
    from prefect.cli import app

    app()


if __name__ == "__main__":
    main()
