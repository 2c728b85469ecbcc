"""The local model's file is looked at before a server is started on it."""

import struct
from pathlib import Path

import pytest

from blocks.errors import ServiceFailure
from blocks.local.model import check_model, find_model
from registry.words import FailureClass


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(data=b"\0" * 64, *, offset=0, elements=16, kind=0, alignment=32):
    """A tiny model file: an array of texts, an alignment, one tensor of ``elements`` 32-bit floats."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2)
    head += text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("bcd")
    head += text("general.alignment") + struct.pack("<II", 4, alignment)
    head += text("weight") + struct.pack("<IQIQ", 1, elements, kind, offset)
    return head + b"\0" * (-len(head) % alignment) + data


def problem_of(path):
    with pytest.raises(ServiceFailure) as caught:
        check_model(path)
    assert caught.value.failure is FailureClass.UNAVAILABLE_MODEL
    assert str(path) in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("alignment", [32, 128])
def test_a_whole_file_passes_and_a_byte_less_does_not(tmp_path, alignment):
    path = tmp_path / "model.gguf"
    whole = gguf(alignment=alignment)
    path.write_bytes(whole)
    check_model(path)
    path.write_bytes(whole[:-1])
    assert f"cut short: {len(whole) - 1:,} of {len(whole):,} bytes; install it anew" in problem_of(path)


def test_packed_tensors_are_measured_in_their_blocks(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(b"\0" * 40, elements=64, kind=3))  # two blocks of 20 bytes
    check_model(path)
    path.write_bytes(gguf(b"\0" * 39, elements=64, kind=3))
    problem_of(path)


@pytest.mark.parametrize("length", [4, 10, 24, 40, 60, 90, 110])
def test_a_file_cut_within_its_head_is_damaged(tmp_path, length):
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf()[:length])
    assert "damaged or cut short" in problem_of(path)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\3\4" + b"\0" * 100, b"<html>not found</html>"])
def test_a_file_of_another_kind_is_told_apart(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert "is no GGUF file" in problem_of(path)


def test_a_head_that_claims_absurd_counts_is_not_believed(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60) + b"\0" * 100)
    assert "damaged" in problem_of(path)


def test_a_folder_in_the_models_place_is_told_of(tmp_path):
    assert "cannot be read" in problem_of(tmp_path)


def test_a_model_that_was_named_is_taken_and_has_to_exist(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf())
    assert find_model(path) == path
    with pytest.raises(ServiceFailure, match=r"there is no model file at .*absent\.gguf; set local_model_path"):
        find_model(tmp_path / "absent.gguf")


@pytest.mark.model
def test_the_bundled_model_is_found_and_whole():
    path = find_model()
    assert path.suffix == ".gguf"
    assert isinstance(path, Path)
    check_model(path)
