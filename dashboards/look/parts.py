"""The parts that pages are made of, as HTML from values: everything that comes from data is escaped here.

They are plain ``str`` in the end: Panel escapes what it sends, and on ``Markup`` that would be done twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from panel.layout import Column, Row

from dashboards.look.colours import colour_of
from dashboards.look.styles import BOX, CARDS, EMPTY, ERROR, HEAD, PANEL, STATUS
from dashboards.look.widgets import HTML, Paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from panel.viewable import Viewable

NARROW = {"min-width": "0", "max-width": "100%", "box-sizing": "border-box"}
"""What keeps a part from growing with what is in it: a wide table scrolls, and the page does not."""
CARD_SX = {"border": "1px solid", "borderColor": "divider", "borderRadius": "12px", "overflow": "hidden"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure on a card: what it is, the figure, its unit, and a line below."""

    title: str
    value: str
    unit: str = ""
    more: str = ""
    is_bad: bool = False


def pane(content: str, styles: str, *, visible: bool = True) -> Any:
    """HTML of ours in the given style sheet."""
    return HTML(str(content), stylesheets=[styles], sizing_mode="stretch_width", margin=0, visible=visible)


def head(title: str, told: str = "") -> str:
    """A page's title, and a line beside it."""
    return str(Markup('<div class="head"><h1>{}</h1><span class="soft">{}</span></div>').format(title, told))


def head_pane(title: str, told: str = "") -> Any:
    """The title of a page."""
    return pane(head(title, told), HEAD)


def cards(of: Iterable[Card]) -> str:
    """Cards side by side."""
    made = Markup("").join(
        Markup(
            '<section class="card"><h2>{}</h2><div class="value">{}{}</div><div class="more">{}</div></section>'
        ).format(
            card.title,
            card.value,
            Markup(" <small>{}</small>").format(card.unit) if card.unit else "",
            Markup('<span class="bad">{}</span>').format(card.more) if card.is_bad else card.more,
        )
        for card in of
    )
    return str(Markup('<div class="cards">{}</div>').format(made))


def cards_pane(of: Iterable[Card]) -> Any:
    """Cards side by side."""
    return pane(cards(of), CARDS)


def status(*, is_live: bool, as_of: str, zone: str, is_stale: bool) -> str:
    """Whether figures are live, and from when they are."""
    state, word = ("degraded", "Stale, ") if is_stale else ("up", "") if is_live else ("idle", "Paused, ")
    made = Markup('<div class="status{}" style="--state:{}"><i class="dot"></i>{}as of {} {}</div>').format(
        "" if word else " live", colour_of(state), word, as_of or "…", zone
    )
    return str(made)


def status_pane() -> Any:
    """The line that says so."""
    return HTML("", stylesheets=[STATUS], margin=0)


def error(sentence: str) -> str:
    """What is wrong, in a sentence."""
    return str(Markup('<div class="error" role="alert"><b>Something is wrong.</b> {}</div>').format(sentence))


def error_pane() -> Any:
    """Where that is said."""
    return pane("", ERROR, visible=False)


def empty(title: str, told: str, command: str = "") -> str:
    """Nothing is there: what that means, and what to do next."""
    code = Markup("<br><code>{}</code>").format(command) if command else ""
    return str(Markup('<div class="empty"><h2>{}</h2><p>{}</p>{}</div>').format(title, told, code))


def empty_pane(title: str, told: str, command: str = "") -> Any:
    """Where nothing is."""
    return pane(empty(title, told, command), EMPTY)


def panel_head(title: str, legend: Sequence[tuple[str, str]] = (), told: str = "") -> str:
    """A panel's title, and its legend as (name, colour)."""
    return str(panel_head_markup(title, legend, told))


def panel_head_markup(title: str, legend: Sequence[tuple[str, str]] = (), told: str = "") -> Markup:
    """The same, to be put together with other HTML."""
    entries = Markup("").join(
        Markup('<span><i style="--colour:{}"></i>{}</span>').format(colour, name) for name, colour in legend
    )
    note = Markup('<span class="soft">{}</span>').format(told) if told else ""
    return Markup('<div class="panel-head"><h2>{}</h2>{}<div class="legend">{}</div></div>').format(
        title, note, entries
    )


def panel_head_pane(title: str, told: str = "") -> Any:
    """The title of a panel."""
    return pane(panel_head(title, told=told), PANEL)


def boxed(*parts: Viewable) -> Viewable:
    """Parts on a card of their own."""
    inner = Column(*parts, sizing_mode="stretch_width", margin=0, styles=NARROW)
    made: Viewable = Paper(inner, elevation=0, sx=CARD_SX, sizing_mode="stretch_width", margin=0, stylesheets=[BOX])
    return made


def title_bar(title: str, told: str, *tools: Viewable) -> Row:
    """A page's title, with tools to its right."""
    made = head_pane(title, told)
    made.styles = {"flex": "1 1 120px", "width": "auto"}
    return side_by_side(made, *tools)


def stacked(*parts: Viewable) -> Column:
    """The parts of a page below each other, with room between."""
    return Column(
        *parts, sizing_mode="stretch_width", margin=0, styles={"gap": "14px", "padding": "22px 20px 48px", **NARROW}
    )


def side_by_side(*parts: Viewable) -> Row:
    """Parts beside each other where there is room, else below."""
    styles = {"gap": "10px 14px", "flex-wrap": "wrap", "align-items": "center", **NARROW}
    return Row(*parts, sizing_mode="stretch_width", margin=0, styles=styles)


def padded(*parts: Viewable) -> Row:
    """Parts in a row, as far from a card's edge as its title."""
    row = side_by_side(*parts)
    row.styles = {**row.styles, "padding": "4px 16px 8px"}
    return row


def state_mark(state: str) -> Markup:
    """A state with its dot."""
    return Markup('<span class="state"><i class="dot" style="--state:{}"></i>{}</span>').format(colour_of(state), state)
