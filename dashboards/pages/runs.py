"""The page of runs: how it went in a range of time, and the list with its filters."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from panel.layout import Column

from dashboards.frames.ranges import RANGES, range_named
from dashboards.frames.runs import STATES, RunsFilter, state_shown
from dashboards.frames.words import count_in_words, duration_in_words, moment, share
from dashboards.look import charts, parts
from dashboards.look.colours import FAST, SLOW
from dashboards.look.styles import PANEL
from dashboards.look.tables import fill, make_table
from dashboards.look.widgets import Button, RadioButtonGroup, Select, TextInput
from dashboards.questions import OverviewOf, RunsOf
from registry import format_usd, now_us
from routing.wording import latency_in_words

if TYPE_CHECKING:
    from panel.viewable import Viewable

    from dashboards.frames.overview import Overview
    from dashboards.frames.runs import RunsPage
    from dashboards.pages.session import Address, Session
    from dashboards.refresher import Question
    from registry.run_reads import RunLine

ALL = "all"
_CARDS = ("Runs", "Calls", "Calls that failed", "Cost", "Latency, median", "Latency, 95 %")
_COLUMNS = {
    "run": "Run", "pipeline": "Pipeline", "state": "State", "started": "Started", "took": "Took", "calls": "Calls",
    "failed": "Failed", "cancelled": "Cancelled", "cost": "Cost", "message": "Message",
}  # fmt: skip
_WIDTHS = {"run": 80, "pipeline": 140, "state": 105, "started": 165, "took": 105, "calls": 75, "failed": 75,
           "cancelled": 95, "cost": 95}  # fmt: skip


class RunsView:
    """The page of runs for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._filter = _filter_in(session.address)
        self._before, self._after = session.address.number("before"), session.address.number("after")
        self._page: RunsPage | None = None
        self._ignoring = False
        self._make_figures()
        self._make_list()
        self._follow_overview()
        self._follow_list()

    def view(self) -> list[Viewable]:
        """The whole page."""
        session = self._session
        bar = parts.title_bar("Runs", "", self._range, session.live, session.status)
        figures = Column(self._cards, self._charts, sizing_mode="stretch_width", margin=0, styles={"gap": "14px"})
        filters = parts.padded(self._state, self._pipeline, self._text, self._export)
        listed = parts.boxed(parts.panel_head_pane("All runs"), filters, self._table, self._empty, self._paging)
        return [parts.stacked(bar, session.error, figures, listed)]

    def _make_figures(self) -> None:
        self._range = RadioButtonGroup(options=list(RANGES), value=self._filter.range, size="small", margin=0, label="")
        self._range.param.watch(self._refilter, "value")
        self._cards = parts.cards_pane(_cards(None))
        self._cost, self._calls, self._latency = charts.cost_chart(), charts.calls_chart(), charts.Latencies()
        self._heads = [parts.pane(parts.panel_head(title), PANEL) for title in ("Cost", "Calls", "Latency")]
        plots = (self._cost.figure, self._calls.figure, self._latency.figure)
        boxes = [parts.boxed(title, charts.chart_pane(plot)) for title, plot in zip(self._heads, plots, strict=True)]
        self._charts = Column(
            *boxes,
            sizing_mode="stretch_width",
            margin=0,
            styles={
                "display": "grid",
                "grid-template-columns": "repeat(auto-fit, minmax(min(100%, 360px), 1fr))",
                "gap": "14px",
            },
        )

    def _make_list(self) -> None:
        self._state = Select(
            label="State", options=[ALL, *STATES], value=self._filter.state or ALL, size="small", width=140, margin=0
        )
        if self._filter.state not in STATES:
            self._state.value = ALL
        chosen = self._filter.pipeline
        self._pipeline = Select(
            label="Pipeline", options=[ALL, *([chosen] if chosen else [])], value=chosen or ALL, size="small",
            width=200, margin=0,
        )  # fmt: skip
        self._text = TextInput(
            label="Search message or output", value=self._filter.text, size="small", width=240, margin=0
        )
        for widget in (self._state, self._pipeline, self._text):
            widget.param.watch(self._refilter, "value")
        self._export = Button(
            label="Export CSV", href=self._export_address(), variant="outlined", size="small", margin=0
        )
        self._table = make_table(
            _COLUMNS,
            widths=_WIDTHS,
            numbers=("took", "calls", "failed", "cancelled", "cost"),
            links={"run": "/run?id="},
            states=("state",),
        )
        self._empty = parts.empty_pane("Reading …", "")
        self._newer = Button(label="Newer", variant="text", size="small", disabled=True, margin=0)
        self._older = Button(label="Older", variant="text", size="small", disabled=True, margin=0)
        self._newer.on_click(lambda _: self._turn(newer=True))
        self._older.on_click(lambda _: self._turn(newer=False))
        self._count = parts.pane("", PANEL)
        self._paging = parts.padded(self._count, self._newer, self._older)

    def _follow_overview(self) -> None:
        self._session.follow("overview", OverviewOf(self._filter.range), self._show_overview)

    def _follow_list(self) -> None:
        question = RunsOf(self._filter, before=self._before, after=self._after)
        self._session.follow("list", question, self._show_list)

    def _refilter(self, _: object) -> None:
        if self._ignoring:
            return
        was = self._filter.range
        self._filter = RunsFilter(
            range=self._range.value,
            state="" if self._state.value == ALL else self._state.value,
            pipeline="" if self._pipeline.value == ALL else self._pipeline.value,
            text=self._text.value.strip(),
        )
        self._before = self._after = None
        if self._filter.range != was:
            self._follow_overview()
        self._moved()

    def _turn(self, *, newer: bool) -> None:
        if self._page is None or not self._page.lines:
            return
        self._after = self._page.lines[0].run_id if newer else None
        self._before = None if newer else self._page.lines[-1].run_id
        self._moved()

    def _moved(self) -> None:
        self._export.href = self._export_address()
        self._session.set_address(
            **_as_address(self._filter),
            before="" if self._before is None else str(self._before),
            after="" if self._after is None else str(self._after),
        )
        self._follow_list()

    def _export_address(self) -> str:
        return f"/runs.csv?{urlencode(_as_address(self._filter))}"

    def _show_overview(self, overview: Overview) -> None:
        self._cards.object = parts.cards(_cards(overview))
        failures = charts.failures_of(overview)
        self._cost.show(overview)
        self._calls.show(overview, [failures])
        self._latency.show(overview)
        colours = charts.colours_of([one.service for one in overview.services])
        failed = [(failures[0], failures[1])] if overview.failures else []
        legends = (list(colours.items()), [*colours.items(), *failed], [("p50", FAST), ("p95", SLOW)])
        for pane, title, legend in zip(self._heads, ("Cost", "Calls", "Latency"), legends, strict=True):
            pane.object = parts.panel_head(title, legend if overview.calls else ())

    def _show_list(self, page: RunsPage) -> None:
        self._page = page
        at_us = now_us(self._session.house.sources.clock)
        fill(self._table, [_row(line, at_us) for line in page.lines])
        self._table.visible = bool(page.lines)
        self._empty.visible = not page.lines
        if not page.lines:
            self._empty.object = _nothing(self._filter)
        options = [ALL, *sorted({*page.pipelines, *filter(None, [self._filter.pipeline])})]
        if options != self._pipeline.options:
            self._ignoring = True
            self._pipeline.options = options
            self._ignoring = False
        self._newer.disabled, self._older.disabled = not page.has_newer, not page.has_older
        self._paging.visible = bool(page.lines)
        told = count_in_words(page.total, "run")
        if page.total > len(page.lines):
            told = f"{len(page.lines)} of {told}"
        self._count.object = parts.panel_head("", told=told)


def runs_questions(address: Address) -> tuple[Question, ...]:
    """What the page asks first."""
    wanted = _filter_in(address)
    listed = RunsOf(wanted, before=address.number("before"), after=address.number("after"))
    return OverviewOf(wanted.range), listed


def runs_page(session: Session) -> list[Viewable]:
    """The page of runs."""
    return RunsView(session).view()


def _filter_in(address: Address) -> RunsFilter:
    return RunsFilter(
        range=range_named(address.text("range")).name,
        state=address.text("state"),
        pipeline=address.text("pipeline"),
        text=address.text("text"),
    )


def _cards(overview: Overview | None) -> list[parts.Card]:
    if overview is None:
        return [parts.Card(title=title, value="…") for title in _CARDS]
    states = overview.states
    by_state = ", ".join(f"{states[state]:,} {state}" for state in STATES if states.get(state))
    return [
        parts.Card(title="Runs", value=f"{sum(states.values()):,}", more=by_state or "none yet"),
        parts.Card(title="Calls", value=f"{overview.calls:,}", more=f"{overview.tokens:,} tokens"),
        parts.Card(
            title="Calls that failed",
            value=share(overview.failures, overview.calls),
            more=f"{overview.failures:,} of {overview.calls:,}",
            is_bad=bool(overview.calls) and overview.failures > 0.05 * overview.calls,
        ),
        parts.Card(title="Cost", value=format_usd(overview.cost_nanousd), more=overview.range.told),
        parts.Card(title="Latency, median", value=_latency(overview.p50_ms), more="of a call (p50)"),
        parts.Card(title="Latency, 95 %", value=_latency(overview.p95_ms), more="at most, of a call (p95)"),
    ]


def _latency(latency_ms: float | None) -> str:
    return "-" if latency_ms is None else latency_in_words(latency_ms)


def _row(line: RunLine, at_us: int) -> tuple[object, ...]:
    took = ((line.ended_us or at_us) - line.started_us) / 1_000_000
    return (
        line.run_id,
        line.pipeline,
        parts.state_mark(state_shown(line, at_us)),
        moment(line.started_us),
        duration_in_words(max(0.0, took)),
        f"{line.calls:,}",
        f"{line.failed_calls:,}" if line.failed_calls else "",
        f"{line.cancelled_calls:,}" if line.cancelled_calls else "",
        format_usd(line.cost_nanousd),
        line.message.partition("\n")[0][:300],
    )


def _as_address(wanted: RunsFilter) -> dict[str, str]:
    return {"range": wanted.range, "state": wanted.state, "pipeline": wanted.pipeline, "text": wanted.text}


def _nothing(wanted: RunsFilter) -> str:
    if wanted.state or wanted.pipeline or wanted.text:
        return parts.empty("No run is like that", "Take away a filter, or look further back.")
    told = f"Nothing ran in the {range_named(wanted.range).told}. Start one on the command line:"
    return parts.empty("No runs yet", told, "turnout run storyboard story.txt")
