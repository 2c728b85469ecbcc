"""One open page: what it follows, live or paused, what it says of its figures' age, and its address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import panel as pn

from dashboards.frames.words import clock_time, zone
from dashboards.guard import VISITOR_HEADER
from dashboards.look.parts import error, error_pane, status, status_pane
from dashboards.look.widgets import Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bokeh.document import Document

    from dashboards.questions import Sources
    from dashboards.refresher import Answer, Question, Refresher
    from dashboards.visitors import Visitors
    from registry import Settings

SCHEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Address:
    """What stands behind the question mark of a page's address, as anybody may have typed it."""

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """A value; empty where there is none."""
        return self.values.get(name, "")[:300]

    def number(self, name: str) -> int | None:
        """A whole number of at most 18 digits; None for anything else."""
        value = self.text(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all sessions share."""

    settings: Settings
    sources: Sources
    refresher: Refresher
    visitors: Visitors


@dataclass(slots=True, eq=False)
class _Followed:
    question: Question
    apply: Callable[[Any], None]
    stop: Callable[[], None] | None = None
    as_of_us: int | None = None
    error: str = ""


def current_document() -> Document:
    """The document of the session that is being built."""
    document = pn.state.curdoc
    if document is None:
        raise RuntimeError("a page is built only within a session")
    return document


class Session:
    """One open page.

    ``follow`` a question under a name: ``apply`` is called with each new frame, within this session's document. Under
    the same name another question takes its place. Paused, nothing is read; what is asked anew is read once.

    What is known when the page is built stands in it from the start. What comes later is shown once the browser has
    drawn the page: a table that is filled before it was drawn fails.
    """

    def __init__(self, house: House) -> None:
        self.house = house
        arguments = pn.state.session_args.items()
        self.address = Address({name: values[0].decode("utf-8", "replace") for name, values in arguments if values})
        self._document = current_document()
        self._followed: dict[str, _Followed] = {}
        self._ended = False
        self._loaded = False
        self.error = error_pane()
        self.status = status_pane()
        self.live = Switch(label="Live", value=True, size="small", margin=0, align="center")
        self.live.param.watch(self._switch, "value")
        pn.state.onload(self._begin)
        pn.state.on_session_destroyed(self._end)
        self._say_status()

    @property
    def key_id(self) -> int:
        """The access key of whoever looks, as the guard has found it."""
        return int(str(pn.state.headers.get(VISITOR_HEADER.title(), 0)))

    @property
    def visitor_name(self) -> str:
        """What the access key of whoever looks is called."""
        return self.house.visitors.name_of(self.key_id)

    @staticmethod
    def scheme() -> str:
        """Light or dark: what was chosen, else the system's as the browser has told us."""
        cookies = pn.state.cookies
        for name in ("turnout_theme", "turnout_system"):
            if cookies.get(name) in SCHEMES:
                return str(cookies[name])
        return "light"

    def follow(self, name: str, question: Question, apply: Callable[[Any], None]) -> None:
        """Show the answers to a question from now on."""
        old = self._followed.pop(name, None)
        if old is not None and old.stop is not None:
            old.stop()
        if not self._ended:
            self._followed[name] = followed = _Followed(question, apply)
            if self._loaded:
                self._watch(followed)
            else:
                self._show(followed, self.house.refresher.known(question))

    def set_address(self, **values: str) -> None:
        """Write what is shown into the address, so that a reload or a link shows the same."""
        location = pn.state.location
        if location is not None:
            kept = {name: value for name, value in values.items() if value}
            location.search = f"?{_query(kept)}" if kept else ""

    def _begin(self) -> None:
        self._loaded = True
        for followed in self._followed.values():
            self._watch(followed)

    def _watch(self, followed: _Followed) -> None:
        def tell(answer: Answer) -> None:
            if not self._ended:
                self._document.add_next_tick_callback(lambda: self._show(followed, answer))

        followed.stop = self.house.refresher.watch(followed.question, tell)

    def _show(self, followed: _Followed, answer: Answer) -> None:
        if self._ended or followed not in self._followed.values():
            return
        is_first = followed.as_of_us is None
        followed.as_of_us, followed.error = answer.as_of_us or followed.as_of_us, answer.error
        with pn.io.hold():
            if answer.frame is not None and (self.live.value or is_first):
                followed.apply(answer.frame)
            self._say_status()
        if not self.live.value and answer.frame is not None and followed.stop is not None:
            followed.stop()

    def _switch(self, _: object) -> None:
        for followed in self._followed.values():
            if followed.stop is not None:
                followed.stop()
            if self.live.value:
                self._watch(followed)
        self._say_status()

    def _say_status(self) -> None:
        errors = dict.fromkeys(one.error for one in self._followed.values() if one.error)
        told = " ".join(errors)
        if bool(told) != self.error.visible or told:
            self.error.param.update(object=error(told), visible=bool(told))
        ages = [one.as_of_us for one in self._followed.values() if one.as_of_us is not None]
        self.status.object = status(
            is_live=bool(self.live.value),
            as_of=clock_time(min(ages)) if ages else "",
            zone=zone(),
            is_stale=bool(told),
        )

    def _end(self, _: object) -> None:
        self._ended = True
        for followed in self._followed.values():
            if followed.stop is not None:
                followed.stop()


def _query(values: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(values)
