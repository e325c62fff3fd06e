"""A progress bar on a terminal; a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Without a terminal there is a line for each such part of the whole.
_PARTS = 10


@contextmanager
def progress(title: str, total: int, already_done: int = 0) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many of ``total`` are done."""
    if not sys.stdout.isatty():
        yield _Lines(total, already_done).show
        return
    from rich.progress import (  # noqa: PLC0415 - only a terminal needs it
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, expand=True) as bar:
        task = bar.add_task(title, total=total, completed=already_done)
        yield lambda done: bar.update(task, completed=done)


class _Lines:
    """Says how far it is each time another part is done."""

    def __init__(self, total: int, already_done: int) -> None:
        self._total = total
        self._shown = already_done * _PARTS // max(total, 1)

    def show(self, done: int) -> None:
        part = done * _PARTS // max(self._total, 1)
        if part > self._shown:
            self._shown = part
            print(f"{done:,} of {self._total:,} done", flush=True)
