"""Tables for people: framed on a terminal, aligned text elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", numbers: Sequence[str] = ()
) -> None:
    """Print rows of text; the columns named in ``numbers`` are aligned to the right."""
    rows = [[_visible(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_framed(columns, rows, title, numbers)
        return
    if title:
        print(title)
    widths = [max(len(cell) for cell in cells) for cells in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        cells = (
            cell.rjust(width) if name in numbers else cell.ljust(width)
            for name, cell, width in zip(columns, row, widths, strict=True)
        )
        print("  ".join(cells).rstrip())


def _print_framed(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, numbers: Sequence[str]
) -> None:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=escape(title) or None, title_justify="left")
    for name in columns:
        # Folding instead of cutting: an id that ends in "…" is of no use.
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


def _visible(cell: str) -> str:
    """The text on one line, with nothing in it that a terminal would obey."""
    if cell.isprintable():
        return cell
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in cell)
