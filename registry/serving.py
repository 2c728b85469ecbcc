"""What every server of ours does: it listens, says where, ends in order, and with the process that started it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from registry.errors import PortTaken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARENT_LOOK_SECONDS = 0.5
END_SECONDS = 10.0


def end_with_parent(parent: int, *, with_group: bool = False) -> None:
    """End this process, in order, as soon as the one that started it is gone: kill -9 gives it no chance to tell us.

    The parent has said who it is (``parent``), since it may be gone before we could ask. With ``with_group`` all
    processes of our group, which we lead, are told to end.
    """
    threading.Thread(target=_watch, args=(parent, with_group), name="turnout-parent", daemon=True).start()


def _watch(parent: int, with_group: bool) -> None:
    tell = os.killpg if with_group else os.kill
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
    tell(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS)
    tell(os.getpid(), signal.SIGKILL)


def listening_socket(host: str, port: int, flag: str) -> socket.socket:
    """A socket that is bound; port 0 takes a free one. ``flag`` is what would choose another port.

    Raises:
        PortTaken: somebody else listens there, or may not be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except OSError as error:
        made.close()
        raise PortTaken(host, port, error.strerror or str(error), flag) from error
    made.set_inheritable(False)
    return made


def say_ready(ready_fd: int | None, port: int) -> None:
    """Tell whoever started us that we listen, and where."""
    if ready_fd is not None:
        os.write(ready_fd, f"{port}\n".encode())
        os.close(ready_fd)


@contextmanager
def ended_by_signals(end: Callable[[], None]) -> Iterator[None]:
    """Have ``end`` called at SIGTERM and at SIGINT, in the running loop, for as long as the block lasts."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def as_url(host: str, port: int) -> str:
    """Where a server is called.

    >>> as_url("::1", 80), as_url("127.0.0.1", 8470)
    ('http://[::1]:80', 'http://127.0.0.1:8470')
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
