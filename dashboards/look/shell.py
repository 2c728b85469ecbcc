"""The frame around every page: name, navigation, who looks, light or dark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from dashboards.look.colours import THEME
from dashboards.look.styles import NAVIGATION
from dashboards.look.widgets import HTML, Page

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGES = (("Runs", "/runs"), ("Services", "/services"))
WIDTH_PX = 1_320
_TEMPLATE = Path(__file__).with_name("shell.html").read_text(encoding="utf-8")

# Runs in the browser when the scheme is switched: remembered for a year, for this server alone.
_REMEMBER = """
document.cookie = `turnout_theme=${page.data.dark_theme ? "dark" : "light"}; path=/; max-age=31536000; samesite=strict`;
document.documentElement.style.colorScheme = page.data.dark_theme ? "dark" : "light";
"""

_SX: dict[str, Any] = {
    "& .header": {
        "backgroundColor": "background.paper",
        "backgroundImage": "none",
        "color": "text.primary",
        "boxShadow": "none",
        "borderBottom": "1px solid",
        "borderColor": "divider",
    },
    "& .header .title": {"color": "text.primary", "fontSize": "17px", "fontWeight": 650, "letterSpacing": "-.01em"},
    "& .header .MuiToolbar-root": {"minHeight": "52px", "paddingLeft": "20px", "paddingRight": "12px"},
    "& .main": {"backgroundColor": "background.default"},
    "& .main:focus": {"outline": "none"},
}


def make_page(title: str, active: str, main: Sequence[Any], *, visitor: str, scheme: str) -> Any:
    """A page in its frame; ``active`` is the path of the page that it belongs to."""
    page = Page(
        title="Turnout",
        meta_title=f"{title} · Turnout",
        site_url="/runs",
        header=[_navigation(active, visitor)],
        main=list(main),
        main_width=WIDTH_PX,
        theme_config=THEME,
        dark_theme=scheme == "dark",
        busy_indicator=None,
        sx=_SX,
        template=_TEMPLATE,
    )
    page.jscallback(args={"page": page}, dark_theme=_REMEMBER)
    return page


def _navigation(active: str, visitor: str) -> Any:
    links = Markup("").join(
        Markup('<a href="{}"{}>{}</a>').format(path, Markup(' aria-current="page"') if path == active else "", name)
        for name, path in PAGES
    )
    who = Markup(
        '<form method="post" action="/logout"><span class="who" title="Logged in with this access key">{}</span>'
        "<button>Log out</button></form>"
    ).format(visitor)
    return HTML(
        str(Markup("<div class='bar'><nav aria-label='Pages'>{}</nav>{}</div>").format(links, who)),
        stylesheets=[NAVIGATION],
        sizing_mode="stretch_width",
        margin=0,
    )
