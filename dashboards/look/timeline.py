"""A run's calls over time: one lane a stage, one bar a call; failed ones are red, cancelled ones grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh.models import ColumnDataSource, CustomJSTickFormatter, FactorRange, HoverTool, Range1d
from bokeh.plotting import figure

from dashboards.look.colours import FAILED, FAST, STATES
from dashboards.look.styles import CHART_FONT_PX
from routing.wording import latency_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.frames.run import Bar

_LANE_PX = 34
_LEAST_PX, _MOST_PX = 110, 420
_SECONDS = """
  if (tick < 60) { return tick.toLocaleString("en-US", {maximumFractionDigits: 2}) + " s" }
  return Math.floor(tick / 60) + " min" + (tick % 60 ? " " + Math.round(tick % 60) + " s" : "")
"""
_COLOURS = {"done": FAST, "cancelled": STATES["off"]}  # any other has failed


class Timeline:
    """The chart, given new bars in place."""

    def __init__(self) -> None:
        columns = ("lane", "begin", "end", "colour", "alpha", "name", "told")
        self.source = ColumnDataSource({name: [] for name in columns})
        self.x_range, self.y_range = Range1d(start=0, end=1), FactorRange()
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
            y="lane", left="begin", right="end", height=0.62, fill_color="colour", fill_alpha="alpha",
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
        """Show these calls, lanes in the order in which their first call began."""
        lanes = list(dict.fromkeys(bar.lane for bar in bars))[::-1]
        end = max((bar.end_seconds for bar in bars), default=1.0) or 1.0
        least = end / 400  # a call of a millisecond in a run of hours is still there to be pointed at
        if lanes != list(self.y_range.factors):
            self.y_range.factors = lanes
            self.figure.height = min(_MOST_PX, max(_LEAST_PX, 50 + _LANE_PX * len(lanes)))
        self.x_range.end = end * 1.01
        self.source.data = {
            "lane": [bar.lane for bar in bars],
            "begin": [bar.begin_seconds for bar in bars],
            "end": [max(bar.end_seconds, bar.begin_seconds + least) for bar in bars],
            "colour": [_COLOURS.get(bar.outcome, FAILED) for bar in bars],
            "alpha": [0.45 if bar.outcome in _COLOURS else 0.75 for bar in bars],
            "name": [f"{bar.name} · {bar.service}" for bar in bars],
            "told": [
                f"{bar.outcome} after {latency_in_words(1000 * (bar.end_seconds - bar.begin_seconds))}" for bar in bars
            ],
        }
