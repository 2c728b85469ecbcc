"""Server-sent events, however they are cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from blocks.wire.sse import EventParser, ServerEvent

STREAM = (
    "\ufeff: a comment\r\n"
    'data: {"content": "héllo 🌊"}\r\n\r\n'
    "event: error\rdata:one\rdata: two\rdata\r\r"
    "id: 7\nretry: 10\nunknown: x\ndata:  two spaces\n\n"
    "event: lonely\n\n"
    "data: \r\n\r\n"
    "data: last"
).encode()
EVENTS = [
    ServerEvent("message", '{"content": "héllo 🌊"}'),
    ServerEvent("error", "one\ntwo\n"),
    ServerEvent("message", " two spaces"),
    ServerEvent("message", ""),
    ServerEvent("message", "last"),
]


def parse(chunks):
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.finish()


def test_a_stream_in_one_piece_gives_its_events():
    assert parse([STREAM]) == EVENTS


def test_a_stream_byte_by_byte_gives_the_same_events():
    assert parse(STREAM[at : at + 1] for at in range(len(STREAM))) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_cut_anywhere_gives_the_same_events(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    assert parse(STREAM[start:end] for start, end in pairwise(edges)) == EVENTS


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_break_the_parser_and_no_cut_changes_what_it_makes_of_them(data, cut):
    assert parse([data]) == parse([data[:cut], data[cut:]])


def test_a_huge_line_in_many_pieces_is_joined_once():
    pieces = [b"data: "] + [b"x" * 1000] * 5000 + [b"\n\n"]
    assert parse(pieces) == [ServerEvent("message", "x" * 5_000_000)]


def test_an_event_is_handed_out_as_soon_as_its_blank_line_is_there():
    parser = EventParser()
    assert parser.feed(b"data: now\r\n\r") == [ServerEvent("message", "now")]
    assert parser.feed(b"\ndata: then\n\n") == [ServerEvent("message", "then")]
