"""How two processes talk over pipes: one pickled value a frame, its length before it."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

_LENGTH = struct.Struct(">Q")


def send_frame(stream: IO[bytes], value: Any) -> None:
    """Write one value and flush it.

    Raises:
        OSError: the other end is gone.
        pickle.PicklingError: the value cannot travel (also AttributeError and TypeError, as pickle has it).
    """
    content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive_frame(stream: IO[bytes]) -> Any:
    """Read one value.

    Raises:
        EOFError: the other end is gone.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, length))  # noqa: S301 - both ends of these pipes are ours


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content
