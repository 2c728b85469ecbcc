"""The gateway as a process of its own: ``python -m gateway.http --host 127.0.0.1 --port 8470``."""

from __future__ import annotations

import argparse
import logging
import sys
from functools import partial

from gateway.errors import GatewayError
from registry import RegistryError, Settings
from registry.serving import end_with_parent, say_ready


def main() -> int:
    """Serve until told to end; 1 with a sentence where that is not possible."""
    options = argparse.ArgumentParser(prog="python -m gateway.http", description=__doc__)
    options.add_argument("--host")
    options.add_argument("--port", type=int)
    options.add_argument("--ready-fd", type=int, help="where to write the port once it listens")
    options.add_argument("--parent", type=int, help="the process to end with")
    given = options.parse_args()
    if given.parent is not None:
        end_with_parent(given.parent)
    try:
        settings = Settings.load()
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        logging.getLogger("gateway").setLevel(settings.log_level)
        import uvloop

        from gateway.http.serving import serve

        port = settings.gateway_port if given.port is None else given.port
        ready = partial(say_ready, given.ready_fd)
        uvloop.run(serve(settings, given.host or settings.gateway_host, port, ready))
    except (GatewayError, RegistryError) as error:
        sys.stderr.write(f"turnout gateway: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
