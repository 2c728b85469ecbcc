"""Tables and fact sheets that fit the terminal: columns give way one by one, at last to records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.cli.terminal import clean, colourful, columns, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

_GAP = 2
_NARROWEST_VALUE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its title, and how it gives way where room is short.

    ``dispensable`` of 0 stays; a higher one is left out earlier. ``wraps`` says that its text may take several lines,
    each ``narrowest`` cells wide at least. ``colours`` gives a colour to some of its values.
    """

    title: str
    right: bool = False
    wraps: bool = False
    narrowest: int = 24
    dispensable: int = 0
    colours: Mapping[str, str] = field(default_factory=dict)


def say_table(titles: Sequence[Column], rows: Iterable[Sequence[object]], *, indent: int = 0) -> None:
    """Print a table. Where not even its indispensable columns fit, each row becomes a record of lines instead."""
    cells = [[clean(value) for value in row] for row in rows]
    width = columns() - indent
    kept = _fitting(titles, cells, width)
    if kept is None:
        _say_records(titles, cells, width, indent)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for place in kept:
        column = titles[place]
        table.add_column(
            column.title.upper(),
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            overflow="fold",
            min_width=min(column.narrowest, width) if column.wraps and _is_long(cells, place, column) else None,
        )
    for row in cells:
        table.add_row(*(Text(row[place], style=titles[place].colours.get(row[place], "")) for place in kept))
    _say_indented(_rendered(table, width), indent)


def say_facts(facts: Iterable[tuple[str, object]], *, indent: int = 0) -> None:
    """Print labels with their values, one a line, the values aligned; below their labels where room is short."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    shown = [(label, clean(value)) for label, value in facts]
    width = columns() - indent
    widest = max((cell_len(label) for label, _ in shown), default=0)
    if width - widest - _GAP < min(_NARROWEST_VALUE, max((cell_len(value) for _, value in shown), default=0)):
        for label, value in shown:
            _say_fact(label, value, widest, width, indent)
        return
    table = Table(box=None, show_edge=False, pad_edge=False, show_header=False, padding=(0, _GAP, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for label, value in shown:
        table.add_row(Text(label), Text(value))
    _say_indented(_rendered(table, width), indent)


def say_text(text: str, *, indent: int = 0) -> None:
    """Print prose, wrapped between words to the terminal's width."""
    from rich.text import Text

    _say_indented(_rendered(Text(clean(text)), columns() - indent), indent)


def _fitting(titles: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Which columns to show; None where the indispensable ones are too wide together."""
    from rich.cells import cell_len

    def needs(place: int) -> int:
        widest = max((cell_len(row[place]) for row in cells), default=0)
        if titles[place].wraps:
            widest = min(widest, titles[place].narrowest)
        return max(widest, len(titles[place].title))

    kept = list(range(len(titles)))
    while sum(needs(place) + _GAP for place in kept) - _GAP > width:
        worst = max(kept, key=lambda place: titles[place].dispensable)
        if not titles[worst].dispensable:
            return None
        kept.remove(worst)
    return kept


def _say_fact(label: str, value: str, widest: int, width: int, indent: int) -> None:
    from rich.cells import cell_len, set_cell_size

    if widest + _GAP + cell_len(value) <= width:
        _say_indented(_rendered_text(set_cell_size(label, widest + _GAP), width, value), indent)
    else:
        _say_indented(_rendered_text(label, width), indent)
        say_text(value, indent=indent + 2)


def _is_long(cells: Sequence[Sequence[str]], place: int, column: Column) -> bool:
    from rich.cells import cell_len

    return any(cell_len(row[place]) > column.narrowest for row in cells)


def _say_records(titles: Sequence[Column], cells: Sequence[Sequence[str]], width: int, indent: int) -> None:
    for number, row in enumerate(cells):
        if number:
            say()
        head, *rest = zip(titles, row, strict=True)
        _say_indented(_rendered_text(head[1], width), indent)
        say_facts([(column.title.lower(), value) for column, value in rest if value], indent=indent + 2)


def _rendered_text(bold: str, width: int, plain: str = "") -> str:
    from rich.text import Text

    return _rendered(Text.assemble((bold, "bold"), plain), width)


def _rendered(what: object, width: int) -> str:
    console = _console(width)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def _console(width: int) -> Console:
    from rich.console import Console

    wanted = colourful()
    return Console(
        width=width,
        force_terminal=wanted,
        color_system="auto" if wanted else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _say_indented(text: str, indent: int) -> None:
    say("\n".join(" " * indent + line.rstrip() if line.strip() else "" for line in text.rstrip("\n").split("\n")))
