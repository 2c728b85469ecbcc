"""What goes to the terminal and comes from it: text in any encoding, JSON, questions."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

from gateway.errors import Declined, NotConfirmed, OutputClosed

if TYPE_CHECKING:
    from typing import TextIO

_NARROWEST = 20
_NO_TERMINAL_COLUMNS = 10_000  # nobody looks: a line stays a line, for grep and awk


def let_any_text_out() -> None:
    """Make sure that no character stops a command: what the terminal's encoding lacks becomes a question mark."""
    for stream in (sys.stdout, sys.stderr):
        # Whoever replaces the streams may have put in something simpler, which takes any text as it is.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def say(text: str = "") -> None:
    """Print a line (or several) on stdout.

    Raises:
        OutputClosed: nobody reads any more.
    """
    _write(sys.stdout, f"{text}\n")


def tell(text: str) -> None:
    """Print a line on stderr: what a person wants to know and a pipe does not.

    Raises:
        OutputClosed: nobody reads any more.
    """
    _write(sys.stderr, f"{text}\n")


def say_json(value: Any) -> None:
    """Print a value as JSON on stdout. The keys keep their order; times are ISO 8601 in UTC, money is nano-dollars.

    Raises:
        OutputClosed: nobody reads any more.
    """
    import json

    say(json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode(sys.stdout)))


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be taken back. ``yes`` is the answer given beforehand.

    Raises:
        NotConfirmed: stdin is no terminal, so nobody can answer.
        Declined: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotConfirmed(question)
    _write(sys.stderr, f"{question} [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Declined


def columns() -> int:
    """How wide a line may be, in cells: the terminal's width, or without one what COLUMNS says, or no limit."""
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named) > 0:
        return max(int(named), _NARROWEST)
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).columns, _NARROWEST)
    except (OSError, ValueError):
        return _NO_TERMINAL_COLUMNS


def colourful() -> bool:
    """Whether colour is wanted: a terminal that can, and a person who did not say NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def clean(text: object) -> str:
    r"""Text from elsewhere as it may be shown: no control characters, which could drive the terminal, and on one line.

    >>> clean("red\x1b[31m alert\nnext")
    'red?[31m alert next'
    """
    spaced = " ".join(str(text).split())
    return "".join("?" if unicodedata.category(character) in {"Cc", "Cs"} else character for character in spaced)


def _speaks_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError as error:
        # Python flushes the stream once more at its end, and would complain about the same pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise OutputClosed from error
