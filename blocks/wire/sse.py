"""Server-sent events, parsed as the bytes come, however they are cut."""

from __future__ import annotations

from dataclasses import dataclass

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its type (``message`` where none was named) and its data lines, joined by line feeds."""

    event: str
    data: str


class EventParser:
    r"""An incremental parser of ``text/event-stream``, after the WHATWG standard (HTML, section 9.2.6).

    Lines are cut as bytes and only whole lines are decoded, so a chunk may end anywhere, within a character too. Two
    things are laxer than the standard: bytes that are no UTF-8 become replacement characters one line at a time, and
    :meth:`finish` hands out an event whose closing blank line never came, since many servers leave out the last one.

    >>> parser = EventParser()
    >>> parser.feed(b"data: hel"), parser.feed(b"lo\n\n")
    ([], [ServerEvent(event='message', data='hello')])
    """

    def __init__(self) -> None:
        self._rest: list[bytes] = []  # pieces of a line that has not ended: joined once, so a huge line costs no more
        self._after_carriage_return = False
        self._first_line = True
        self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that this chunk completes."""
        if not chunk:
            return []
        if self._after_carriage_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the second half of a CRLF that was cut in two
        self._after_carriage_return = chunk.endswith(b"\r")
        events = []
        for line in chunk.splitlines(keepends=True):
            self._rest.append(line)
            if line.endswith((b"\n", b"\r")):
                whole = b"".join(self._rest).rstrip(b"\r\n")
                self._rest.clear()
                event = self._take_line(whole)
                if event is not None:
                    events.append(event)
        return events

    def finish(self) -> list[ServerEvent]:
        """What the stream's end leaves over: at most one event."""
        events = [self._take_line(b"".join(self._rest)), self._take_line(b"")]
        self._rest.clear()
        return [event for event in events if event is not None]

    def _take_line(self, line: bytes) -> ServerEvent | None:
        if self._first_line:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._first_line = False
        if not line:
            return self._dispatch()
        field, _, value = line.decode("utf-8", errors="replace").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._event = value
        return None  # comments, ids, retry hints and unknown fields mean nothing to us

    def _dispatch(self) -> ServerEvent | None:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        return ServerEvent(event, "\n".join(data)) if data else None
