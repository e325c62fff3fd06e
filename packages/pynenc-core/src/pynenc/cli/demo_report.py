"""The tables at the end of the demo."""

from __future__ import annotations

import os
from pathlib import Path

from pynenc.cli.table import print_table
from pynenc.demo.counts import Count
from pynenc.demo.statistics import Statistics

#: So much of a worker's id is shown.
_SHORT = 8


def print_report(directory: Path, count: Count, statistics: Statistics, top: int) -> None:
    """Print what was measured, and how the work went."""
    numbers = ("modules", "lines", "words", "functions", "classes")
    print()
    print_table(numbers, [[f"{getattr(count, name):,}" for name in numbers]], title="In all", numbers=numbers)
    print()
    _print_largest(directory, count, top)
    print()
    imports = sorted(count.imports.items(), key=lambda item: (-item[1], item[0]))[:top]
    rows = [(name, f"{number:,}") for name, number in imports]
    print_table(("name", "modules"), rows, title="Most imported", numbers=("modules",))
    print()
    workers = [(f"worker {worker[:_SHORT]}", f"{n:,}") for worker, n in statistics.by_worker.most_common()]
    columns = ("worker", "invocations")
    print_table(columns, workers, title="Who ran how many invocations", numbers=("invocations",))
    print(f"\n{statistics.pauses:,} times an invocation was paused while it waited for others.")
    _print_problems(directory, count, top)


def _print_largest(directory: Path, count: Count, top: int) -> None:
    numbers = ("lines", "words", "functions", "classes")
    rows = [
        [os.path.relpath(module.path, directory), *(f"{getattr(module, name):,}" for name in numbers)]
        for module in count.largest[:top]
    ]
    print_table(("module", *numbers), rows, title="Largest modules", numbers=numbers)


def _print_problems(directory: Path, count: Count, top: int) -> None:
    if not count.failed:
        return
    print()
    rows = [[problem.removeprefix(f"{directory}{os.sep}")] for problem in count.problems[:top]]
    print_table(("problem",), rows, title=f"{count.failed:,} could not be read or parsed")
