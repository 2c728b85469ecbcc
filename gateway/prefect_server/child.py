"""The process that serves Prefect's API for one command. Ends with its parent, however that one ends.

Started as ``python -m gateway.prefect_server.child PORT PARENT``; everything else comes by environment.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

PARENT_LOOK_SECONDS = 0.5


def _end_with_parent(parent: int) -> None:
    """Wait until the parent is gone (we have another one then), and end: kill -9 gives it no chance to tell us.

    The parent has told us who it is: it may be gone before we could ask.
    """
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os._exit(1)


def main() -> None:
    """Serve until told to end."""
    port = int(sys.argv[1])
    threading.Thread(target=_end_with_parent, args=(int(sys.argv[2]),), daemon=True).start()
    import uvicorn

    uvicorn.run(
        "gateway.prefect_server.guard:guarded_app",
        factory=True,
        host="127.0.0.1",
        port=port,
        log_level="error",
        lifespan="on",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
