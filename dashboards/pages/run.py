"""The page of one run: facts, calls over time, items, calls with the reason for each choice, logs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import panel as pn

from dashboards.errors import LogsUnavailable
from dashboards.frames.logs import LEVELS, PrefectLogs
from dashboards.frames.run import PAGE_ROWS
from dashboards.frames.words import count_in_words, moment
from dashboards.look import parts, wording
from dashboards.look.charts import chart_pane
from dashboards.look.colours import FAILED, FAST, STATES
from dashboards.look.styles import FACTS, HEAD, LISTED, PANEL
from dashboards.look.tables import fill, make_table
from dashboards.look.timeline import Timeline
from dashboards.look.widgets import Button, Select, Switch, TextInput
from dashboards.questions import CallsOf, ItemsOf, RunOf
from registry import RegistryError, format_usd
from routing.wording import latency_in_words

if TYPE_CHECKING:
    from panel.viewable import Viewable

    from dashboards.frames.run import CallRow, RunFrame
    from dashboards.pages.session import Address, Session
    from dashboards.refresher import Question
    from registry.run_reads import ItemLine

ALL = "all"
ITEM_STATES = ("pending", "running", "done", "failed", "rejected")
_ITEMS = {"stage": "Stage", "item": "Item", "state": "State", "calls": "Tries", "cost": "Cost", "changed": "Changed",
          "message": "Message"}  # fmt: skip
_ITEM_WIDTHS = {"stage": 140, "item": 190, "state": 100, "calls": 75, "cost": 100, "changed": 170}
_CALLS = {"task": "Task", "attempt": "Try", "offering": "Service/model", "outcome": "Outcome", "took": "Took",
          "cost": "Cost", "message": "Message"}  # fmt: skip
_CALL_WIDTHS = {"task": 220, "attempt": 60, "offering": 200, "outcome": 130, "took": 95, "cost": 100}


class RunView:
    """The page of a run for one session."""

    def __init__(self, session: Session, run_id: int) -> None:
        self._session = session
        self._run_id = run_id
        self._flow_run_id: str | None = None
        self._head = parts.pane(parts.head(f"Run {run_id}"), HEAD)
        self._head.styles = {"flex": "1 1 120px", "width": "auto"}
        self._facts = parts.pane("", FACTS)
        self._timeline = Timeline()
        self._timeline_head = parts.pane(parts.panel_head("Timeline"), PANEL)
        self._timeline_chart = chart_pane(self._timeline.figure)
        self._no_calls = parts.empty_pane("No calls yet", "They appear here as they are made.")
        self._items = _ItemsPart(session, run_id)
        self._calls = _CallsPart(session, run_id)
        self._logs = _LogsPart()
        session.follow("run", RunOf(run_id), self._show)

    def view(self) -> list[Viewable]:
        """The whole page."""
        session = self._session
        bar = parts.side_by_side(self._head, session.live, session.status)
        timeline = parts.boxed(self._timeline_head, self._timeline_chart, self._no_calls)
        return [
            parts.stacked(
                bar, session.error, self._facts, timeline, *self._calls.view(), self._items.view(), self._logs.view()
            )
        ]

    def _show(self, frame: RunFrame) -> None:
        run = frame.run
        self._head.object = parts.head(f"Run {run.run_id}", run.pipeline)
        self._facts.object = wording.run_facts(frame)
        self._timeline_chart.visible = bool(frame.bars)
        self._no_calls.visible = not frame.bars
        note = f"the first {count_in_words(len(frame.bars), 'call')} of {frame.totals.calls:,}"
        gone = [("cancelled", STATES["off"])] if frame.totals.cancelled_calls else []
        legend = (("done", FAST), ("failed", FAILED), *gone) if frame.bars else ()
        self._timeline_head.object = parts.panel_head("Timeline", legend, note if frame.has_more_calls else "")
        self._timeline.show(frame.bars)
        self._items.show_counts(frame.totals.items)
        if run.flow_run_id != self._flow_run_id or self._logs.is_new:
            self._flow_run_id = run.flow_run_id
            self._logs.of(run.flow_run_id)


class _ItemsPart:
    """The items, a page at a time."""

    def __init__(self, session: Session, run_id: int) -> None:
        self._session = session
        self._run_id = run_id
        self._pages: list[tuple[str, str] | None] = [None]
        self._last: tuple[str, str] | None = None
        self._head = parts.panel_head_pane("Items")
        self._state = Select(label="State", options=[ALL, *ITEM_STATES], value=ALL, size="small", width=140)
        self._state.param.watch(lambda _: self._turn([None]), "value")
        self._table = make_table(_ITEMS, widths=_ITEM_WIDTHS, numbers=("calls", "cost"), states=("state",))
        self._empty = parts.empty_pane("No items", "This run has noted no items of its own.")
        self._older = Button(label="Next page", variant="text", size="small", on_click=lambda _: self._next())
        self._newer = Button(label="Previous page", variant="text", size="small", on_click=lambda _: self._back())
        self._follow()

    def view(self) -> Viewable:
        """The part."""
        return parts.boxed(
            self._head, parts.padded(self._state), self._table, self._empty, parts.padded(self._newer, self._older)
        )

    def show_counts(self, counts: dict[str, int]) -> None:
        """How many items are in each state."""
        told = ", ".join(f"{counts[state]:,} {state}" for state in ITEM_STATES if counts.get(state))
        self._head.object = parts.panel_head("Items", told=told)
        self._state.visible = bool(counts)

    def _follow(self) -> None:
        state = "" if self._state.value == ALL else self._state.value
        self._session.follow("items", ItemsOf(self._run_id, state, self._pages[-1]), self._show)

    def _show(self, lines: tuple[ItemLine, ...]) -> None:
        shown = lines[:PAGE_ROWS]
        self._last = (shown[-1].stage, shown[-1].item) if shown else None
        fill(self._table, [
            (one.stage, one.item, parts.state_mark(one.state), one.calls or "", format_usd(one.cost_nanousd),
             moment(one.changed_us), one.message.partition("\n")[0][:300])
            for one in shown
        ])  # fmt: skip
        self._table.visible, self._empty.visible = bool(shown), not shown
        self._older.visible, self._newer.visible = len(lines) > PAGE_ROWS, len(self._pages) > 1

    def _next(self) -> None:
        self._turn([*self._pages, self._last])

    def _back(self) -> None:
        self._turn(self._pages[:-1] or [None])

    def _turn(self, pages: list[tuple[str, str] | None]) -> None:
        self._pages = pages
        self._follow()


class _CallsPart:
    """The calls, a page at a time, and why the chosen one went where it went."""

    def __init__(self, session: Session, run_id: int) -> None:
        self._session = session
        self._run_id = run_id
        self._pages: list[tuple[int, int] | None] = [None]
        self._rows: tuple[CallRow, ...] = ()
        self._task_id: int | None = None
        self._failed = Switch(label="Only failed", value=False, size="small", margin=0)
        self._failed.param.watch(lambda _: self._turn([None]), "value")
        self._table = make_table(_CALLS, widths=_CALL_WIDTHS, numbers=("attempt", "took", "cost"), selectable=True)
        self._table.param.watch(self._select, "selection")
        self._empty = parts.empty_pane("No calls", "Nothing was asked of a service, or nothing that is like that.")
        self._older = Button(label="Next page", variant="text", size="small", on_click=lambda _: self._next())
        self._newer = Button(label="Previous page", variant="text", size="small", on_click=lambda _: self._back())
        self._why = parts.pane("", LISTED)
        self._why_box = parts.boxed(self._why)
        self._why_box.visible = False
        self._follow()

    def view(self) -> tuple[Viewable, Viewable]:
        """The list, and the explanation below it."""
        head = parts.panel_head_pane("Calls", "choose one to see why it went where it went")
        listed = parts.boxed(
            head, parts.padded(self._failed), self._table, self._empty, parts.padded(self._newer, self._older)
        )
        return listed, self._why_box

    def _follow(self) -> None:
        question = CallsOf(self._run_id, self._pages[-1], bool(self._failed.value))
        self._session.follow("calls", question, self._show)

    def _show(self, rows: tuple[CallRow, ...]) -> None:
        self._rows = rows[:PAGE_ROWS]
        fill(self._table, [
            (wording.task_name(row.line), row.line.attempt or "", row.offering, row.outcome,
             latency_in_words(row.line.latency_us / 1000), format_usd(row.line.cost_nanousd),
             row.line.message.partition("\n")[0][:300])
            for row in self._rows
        ])  # fmt: skip
        self._table.visible, self._empty.visible = bool(self._rows), not self._rows
        self._older.visible, self._newer.visible = len(rows) > PAGE_ROWS, len(self._pages) > 1
        if self._task_id is None and self._rows:
            self._explain(self._rows[0].line.task_id)

    def _select(self, event: Any) -> None:
        if event.new and event.new[0] < len(self._rows):
            self._explain(self._rows[event.new[0]].line.task_id)

    def _explain(self, task_id: int) -> None:
        self._task_id = task_id

        async def show() -> None:
            try:
                told = wording.why(await self._session.house.sources.run.task(self._run_id, task_id))
            except RegistryError as error:
                told = wording.no_reason(f"{error}.")
            if self._task_id == task_id:
                self._why.object = told
                self._why_box.visible = True

        pn.state.execute(show)

    def _next(self) -> None:
        last = self._rows[-1].line
        self._turn([*self._pages, (last.task_id, last.attempt)])

    def _back(self) -> None:
        self._turn(self._pages[:-1] or [None])

    def _turn(self, pages: list[tuple[int, int] | None]) -> None:
        self._pages = pages
        self._follow()


class _LogsPart:
    """Prefect's log of the run, where there is one."""

    def __init__(self) -> None:
        self._logs = PrefectLogs(os.environ)
        self._flow_run_id: str | None = None
        self.is_new = True
        self._level = Select(label="Level", options=list(LEVELS), value="INFO", size="small", width=130)
        self._text = TextInput(label="Search the log", size="small", width=240)
        for widget in (self._level, self._text):
            widget.param.watch(lambda _: pn.state.execute(self._read), "value")
        self._lines = parts.pane("", LISTED)
        self._tools = parts.padded(self._level, self._text)
        self._tools.visible = False

    def view(self) -> Viewable:
        """The part."""
        return parts.boxed(parts.panel_head_pane("Log", "from Prefect"), self._tools, self._lines)

    def of(self, flow_run_id: str | None) -> None:
        """Show the log of that flow run of Prefect's."""
        self.is_new = False
        self._flow_run_id = flow_run_id
        pn.state.execute(self._read)

    async def _read(self) -> None:
        try:
            level, text = LEVELS[self._level.value], self._text.value
            lines = await self._logs.read(self._flow_run_id, least_level=level, text=text)
        except LogsUnavailable as error:
            self._lines.object = wording.no_log(str(error))
            self._tools.visible = False
        else:
            self._lines.object = wording.log(lines)
            self._tools.visible = True


def run_questions(address: Address) -> tuple[Question, ...]:
    """What the page asks first."""
    run_id = address.number("id")
    return () if run_id is None else (RunOf(run_id), CallsOf(run_id), ItemsOf(run_id))


def run_page(session: Session) -> list[Viewable]:
    """The page of the run whose number stands in the address."""
    run_id = session.address.number("id")
    if run_id is None:
        nothing = parts.empty_pane("Which run?", "The address names none. Choose one from the list of runs.")
        return [parts.stacked(parts.title_bar("Run", ""), parts.boxed(nothing))]
    if session.house.refresher.known(RunOf(run_id)).is_missing:
        gone = parts.empty_pane(
            f"There is no run {run_id}", "It never began, or was removed. Choose one from the list."
        )
        return [parts.stacked(parts.title_bar(f"Run {run_id}", ""), parts.boxed(gone))]
    return RunView(session, run_id).view()
