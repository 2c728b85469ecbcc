"""Charts: made once, and given new figures in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bokeh.models import BasicTicker, ColumnDataSource, CustomJSTickFormatter, HoverTool, Range1d
from bokeh.plotting import figure

from dashboards.look.colours import FAILED, FAST, SERVICES, SLOW
from dashboards.look.styles import CHART_FONT_PX
from dashboards.look.widgets import Bokeh
from registry import NANOUSD_PER_USD, format_usd
from routing.wording import latency_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dashboards.frames.overview import Overview, Series

MOST_SERVICES = len(SERVICES) - 1
OTHERS = "others"
_HEIGHT_PX = 190
_COLUMNS = ("x", "width", "bottom", "top", "colour", "name", "told")

_USD = """
  if (tick == 0) { return "$0" }
  const digits = Math.abs(tick) >= 1 ? (Math.abs(tick) >= 100 ? 0 : 2) : Math.min(9, 1 - Math.floor(Math.log10(Math.abs(tick)) + 1e-9))
  return "$" + tick.toLocaleString("en-US", {minimumFractionDigits: 0, maximumFractionDigits: digits})
"""  # noqa: E501 - one expression of JavaScript
_MS = """
  if (tick >= 1000) { return (tick / 1000).toLocaleString("en-US", {maximumFractionDigits: 1}) + " s" }
  return tick.toLocaleString("en-US", {maximumFractionDigits: 1}) + " ms"
"""
_COUNT = 'return Number.isInteger(tick) ? tick.toLocaleString("en-US") : ""'


def colours_of(services: Sequence[str]) -> dict[str, str]:
    """A colour for each service, the same each time for the same services; what is beyond eight shares the last."""
    return {name: SERVICES[min(number, MOST_SERVICES)] for number, name in enumerate(sorted(services))}


class Stacked:
    """Bars over time, one colour a service, in one data source: services may come and go, the figure stays."""

    def __init__(self, tick: str, values: Callable[[Series], Sequence[float]], told: Callable[[float], str]) -> None:
        self._values = values
        self._told = told
        self.source = ColumnDataSource({name: [] for name in _COLUMNS})
        self.x_range, self.y_range = Range1d(start=0, end=1), Range1d(start=0, end=1)
        self.figure = _figure(tick, self.x_range, self.y_range)
        self.figure.vbar(
            x="x", width="width", bottom="bottom", top="top", fill_color="colour", line_color=None, source=self.source
        )
        self.figure.add_tools(
            HoverTool(
                tooltips=[("", "@name"), ("", "@told"), ("", "@x{%a %d %b, %H:%M}")],
                formatters={"@x": "datetime"},
                point_policy="follow_mouse",
            )
        )

    def show(self, overview: Overview, extra: Sequence[tuple[str, str, Sequence[float]]] = ()) -> None:
        """Show these figures; ``extra`` are (name, colour, figures) to be stacked on top."""
        colours = colours_of([series.service for series in overview.services])
        parts = [(one.service, colours[one.service], self._values(one)) for one in overview.services]
        width = overview.range.span_minutes * 60_000 * 0.82
        half = overview.range.span_minutes * 30_000
        data: dict[str, Any] = {name: [] for name in _COLUMNS}
        tops = [0.0] * len(overview.times_ms)
        for name, colour, figures in (*parts, *extra):
            for number, value in enumerate(figures):
                if value > 0:
                    bottom = tops[number]
                    tops[number] = bottom + value
                    row = (overview.times_ms[number] + half, width, bottom, tops[number], colour, name,
                           self._told(value))  # fmt: skip
                    for column, cell in zip(data, row, strict=True):
                        data[column].append(cell)
        _set_range(self.x_range, overview)
        self.y_range.end = (max(tops, default=0) or 1) * 1.08
        self.source.data = data


class Latencies:
    """The median and the 95th percentile over time."""

    def __init__(self) -> None:
        self.source = ColumnDataSource({"x": [], "p50": [], "p95": [], "p50_told": [], "p95_told": []})
        self.x_range, self.y_range = Range1d(start=0, end=1), Range1d(start=0, end=1)
        self.figure = _figure(_MS, self.x_range, self.y_range)
        for name, colour in (("p95", SLOW), ("p50", FAST)):
            self.figure.line("x", name, source=self.source, line_width=2, line_color=colour)
            points = self.figure.scatter("x", name, source=self.source, size=4, fill_color=colour, line_color=None)
        self.figure.add_tools(
            HoverTool(
                renderers=[points],
                mode="vline",
                tooltips=[("p50", "@p50_told"), ("p95", "@p95_told"), ("", "@x{%a %d %b, %H:%M}")],
                formatters={"@x": "datetime"},
            )
        )

    def show(self, overview: Overview) -> None:
        """Show these figures; spans without calls are gaps."""
        half = overview.range.span_minutes * 30_000
        self.source.data = {
            "x": [time + half for time in overview.times_ms],
            "p50": [float("nan") if one is None else one for one in overview.p50s_ms],
            "p95": [float("nan") if one is None else one for one in overview.p95s_ms],
            "p50_told": [latency_in_words(one) for one in overview.p50s_ms],
            "p95_told": [latency_in_words(one) for one in overview.p95s_ms],
        }
        _set_range(self.x_range, overview)
        self.y_range.end = max((one for one in overview.p95s_ms if one is not None), default=100.0) * 1.1


def cost_chart() -> Stacked:
    """What calls cost over time, in dollars."""
    return Stacked(
        _USD,
        lambda series: [cost / NANOUSD_PER_USD for cost in series.cost_nanousd],
        lambda usd: format_usd(round(usd * NANOUSD_PER_USD)),
    )


def calls_chart() -> Stacked:
    """How many calls were made over time; those that failed stand on top in red."""
    return Stacked(
        _COUNT,
        lambda series: [calls - bad for calls, bad in zip(series.calls, series.failures, strict=True)],
        lambda count: f"{count:,.0f} calls",
    )


def failures_of(overview: Overview) -> tuple[str, str, Sequence[float]]:
    """The failures over all services, to be stacked on the calls."""
    summed = [sum(figures) for figures in zip(*(one.failures for one in overview.services), strict=True)]
    return "failed", FAILED, summed


def chart_pane(plot: figure) -> Any:
    """A figure as wide as its place."""
    return Bokeh(plot, sizing_mode="stretch_width", margin=(0, 8, 6, 8))


def _figure(tick: str, x_range: Range1d, y_range: Range1d) -> figure:
    made = figure(
        height=_HEIGHT_PX,
        sizing_mode="stretch_width",
        x_axis_type="datetime",
        x_range=x_range,
        y_range=y_range,
        tools="",
        toolbar_location=None,
        output_backend="canvas",
    )
    made.yaxis.formatter = CustomJSTickFormatter(code=tick)
    made.yaxis.ticker = BasicTicker(desired_num_ticks=4)
    made.outline_line_color = None
    made.xgrid.grid_line_color = None
    made.ygrid.grid_line_alpha = 0.5
    for axis in made.axis:
        axis.axis_line_color = None
        axis.major_tick_line_color = None
        axis.minor_tick_line_color = None
        axis.major_label_text_font_size = CHART_FONT_PX
    return made


def _set_range(x_range: Range1d, overview: Overview) -> None:
    x_range.start = overview.times_ms[0]
    x_range.end = overview.times_ms[-1] + overview.range.span_minutes * 60_000
