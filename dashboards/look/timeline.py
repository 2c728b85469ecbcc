"""A run's calls over time: one lane a stage, calls at the same time below each other; failed red, cancelled grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bokeh.models import ColumnDataSource, CustomJSTickFormatter, FixedTicker, HoverTool, Range1d
from bokeh.plotting import figure

from dashboards.look.colours import FAILED, FAST, STATES
from dashboards.look.styles import CHART_FONT_PX
from routing.wording import latency_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.frames.run import Bar

MOST_ROWS = 24  # of one lane; where more calls run at the same time, the next ones lie over those that end first
_LANE_PX, _ROW_PX = 34, 12  # a lane of one row, and each further one
_LEAST_PX, _MOST_PX, _AXIS_PX = 84, 420, 50
_FILLED = 0.62  # the part of a row's height that its bars have
_SECONDS = """
  if (tick < 60) { return tick.toLocaleString("en-US", {maximumFractionDigits: 2}) + " s" }
  return Math.floor(tick / 60) + " min" + (tick % 60 ? " " + Math.round(tick % 60) + " s" : "")
"""
_COLOURS = {"done": FAST, "asked again": FAST, "given again": FAST, "cancelled": STATES["off"]}  # others have failed


class Place(NamedTuple):
    """Where a bar lies, in units of some pixels from the top: its middle, and its height."""

    middle: float
    height: float


class Layout(NamedTuple):
    """Where all bars lie, in their order; the lanes' names at their middles, and the height of all lanes."""

    places: list[Place]
    lanes: dict[float, str]
    height: float


def laid_out(bars: Sequence[Bar]) -> Layout:
    """Lanes in the order in which their first call began; in each, calls at the same time below each other."""
    rows: dict[str, list[float]] = {}  # until when each row of a lane is taken
    row_of = [0] * len(bars)
    for index in sorted(range(len(bars)), key=lambda one: bars[one].begin_seconds):
        bar, ends = bars[index], rows.setdefault(bars[index].lane, [])
        row = next((row for row, end in enumerate(ends) if end <= bar.begin_seconds), None)
        if row is None and len(ends) < MOST_ROWS:
            row = len(ends)
            ends.append(bar.end_seconds)
        elif row is None:
            row = ends.index(min(ends))
        ends[row] = max(ends[row], bar.end_seconds)
        row_of[index] = row
    tops, lanes, top = {}, {}, 0.0
    for lane, ends in rows.items():
        tops[lane] = top
        lane_height = _LANE_PX + _ROW_PX * (len(ends) - 1)
        lanes[top + lane_height / 2] = lane
        top += lane_height
    places = []
    for bar, row in zip(bars, row_of, strict=True):
        count = len(rows[bar.lane])
        height = (_LANE_PX + _ROW_PX * (count - 1)) / count
        places.append(Place(tops[bar.lane] + height * (row + 0.5), height * _FILLED))
    return Layout(places, lanes, top)


class Timeline:
    """The chart, given new bars in place."""

    def __init__(self) -> None:
        columns = ("middle", "height", "begin", "end", "colour", "alpha", "name", "told")
        self.source = ColumnDataSource({name: [] for name in columns})
        self.x_range, self.y_range = Range1d(start=0, end=1), Range1d(start=1, end=0)
        self.figure = figure(
            height=_LEAST_PX,
            sizing_mode="stretch_width",
            x_range=self.x_range,
            y_range=self.y_range,
            tools="",
            toolbar_location=None,
            output_backend="canvas",
        )
        self.figure.hbar(
            y="middle", left="begin", right="end", height="height", fill_color="colour", fill_alpha="alpha",
            line_color="colour", line_alpha=0.9, source=self.source,
        )  # fmt: skip
        self.figure.add_tools(HoverTool(tooltips=[("", "@name"), ("", "@told")], point_policy="follow_mouse"))
        self.figure.xaxis.formatter = CustomJSTickFormatter(code=_SECONDS)
        self.figure.outline_line_color = None
        self.figure.ygrid.grid_line_color = None
        self.figure.xgrid.grid_line_alpha = 0.5
        for axis in self.figure.axis:
            axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = None
            axis.major_label_text_font_size = CHART_FONT_PX

    def show(self, bars: Sequence[Bar]) -> None:
        """Show these calls."""
        layout = laid_out(bars)
        end = max((bar.end_seconds for bar in bars), default=1.0) or 1.0
        least = end / 400  # a call of a millisecond in a run of hours is still there to be pointed at
        if layout.lanes != self.figure.yaxis[0].major_label_overrides:
            self.figure.yaxis[0].update(
                ticker=FixedTicker(ticks=list(layout.lanes)), major_label_overrides=layout.lanes
            )
            self.y_range.start = layout.height or 1
            self.figure.height = round(min(_MOST_PX, max(_LEAST_PX, _AXIS_PX + layout.height)))
        self.x_range.end = end * 1.01
        self.source.data = {
            "middle": [place.middle for place in layout.places],
            "height": [place.height for place in layout.places],
            "begin": [bar.begin_seconds for bar in bars],
            "end": [max(bar.end_seconds, bar.begin_seconds + least) for bar in bars],
            "colour": [_COLOURS.get(bar.outcome, FAILED) for bar in bars],
            "alpha": [0.45 if bar.outcome in _COLOURS else 0.75 for bar in bars],
            "name": [f"{bar.name} · {bar.service}" for bar in bars],
            "told": [
                f"{bar.outcome} after {latency_in_words(1000 * (bar.end_seconds - bar.begin_seconds))}" for bar in bars
            ],
        }
