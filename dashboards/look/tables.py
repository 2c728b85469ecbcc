"""Tables of plain text and links, filled anew in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dashboards.look.styles import TABLE
from dashboards.look.widgets import Tabulator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Tabulator's own formatter writes text as text; Panel's default would be another one for each type of value.
_TEXT = {"type": "plaintext"}


def make_table(
    columns: Mapping[str, str],
    *,
    widths: Mapping[str, int],
    numbers: Sequence[str] = (),
    links: Mapping[str, str] | None = None,
    states: Sequence[str] = (),
    selectable: bool = False,
) -> Any:
    """A table with the given columns (name and title), of which ``numbers`` stand to the right.

    ``links`` are columns whose cells lead to an address and the cell behind it; cells of ``states`` are HTML of ours,
    from ``state_mark``. Columns without a width share what is left.
    """
    formatters: dict[str, Any] = dict.fromkeys(columns, _TEXT)
    for name, prefix in (links or {}).items():
        formatters[name] = {"type": "link", "urlPrefix": prefix}
    formatters |= {name: {"type": "html"} for name in states}
    return Tabulator(
        pd.DataFrame({name: pd.Series(dtype=object) for name in columns}),
        titles=dict(columns),
        formatters=formatters,
        text_align={name: "right" if name in numbers else "left" for name in columns},
        header_align={name: "right" if name in numbers else "left" for name in columns},
        widths=dict(widths),
        show_index=False,
        disabled=not selectable,
        editors=dict.fromkeys(columns),
        sortable=False,
        header_filters=False,
        selectable=1 if selectable else False,
        layout="fit_columns",
        sizing_mode="stretch_width",
        stylesheets=[TABLE],
        margin=(0, 4, 4, 4),
        styles={"min-width": "0", "max-width": "calc(100% - 8px)"},
        configuration={"columnDefaults": {"headerSort": False, "minWidth": 70, "resizable": False}},
    )


def fill(table: Any, rows: Sequence[Sequence[object]]) -> None:
    """Show these rows; nothing moves where they are those that are shown."""
    columns = list(table.titles)
    fresh = pd.DataFrame([[str(cell) for cell in row] for row in rows], columns=columns, dtype=object)
    if not fresh.equals(table.value):
        table.value = fresh
