"""Whole numbers in as few bytes as they need: seven bits a byte, low ones first (LEB128)."""

from __future__ import annotations

_MOST_BITS = 64


def varint(number: int) -> bytes:
    """The bytes of a number that is at least 0.

    >>> varint(5).hex(), varint(300).hex()
    ('05', 'ac02')
    """
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(blob: bytes, position: int) -> tuple[int, int]:
    """The number that stands at a position, and the position behind it.

    Raises:
        ValueError: the bytes end in the middle of it, or it is longer than 64 bits.
    """
    number = shift = 0
    while shift < _MOST_BITS:
        if position >= len(blob):
            raise ValueError(f"the bytes end in the middle of a number, at {position}")
        byte = blob[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
    raise ValueError(f"the number that ends at {position} is longer than {_MOST_BITS} bits")


def read_varints(blob: bytes) -> list[int]:
    """All numbers of a blob that holds nothing else.

    Raises:
        ValueError: it ends in the middle of one, or one is longer than 64 bits.
    """
    if not blob:
        return []
    number, position = read_varint(blob, 0)
    numbers = [number]
    if blob[position:].isascii():  # each of the others takes one byte, as is usual
        return [*numbers, *blob[position:]]
    while position < len(blob):
        number, position = read_varint(blob, position)
        numbers.append(number)
    return numbers
