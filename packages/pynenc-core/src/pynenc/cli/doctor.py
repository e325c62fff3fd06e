"""``pynenc doctor``: whether the stores of an app answer, and what their servers should be set to."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from pynenc.app import Pynenc
from pynenc.cli.table import print_table
from pynenc.inspection import examine, parts_of
from pynenc.values.findings import Finding, Level


class _Examined(NamedTuple):
    store: str
    finding: Finding


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    subparsers.add_parser(
        "doctor",
        help="ask the stores of an app whether all is well",
        description="Ask every store of the app whether it answers, and its server about settings that matter. "
        "Exit code 1 if something does not work; a warning is none.",
    )


def run(args: argparse.Namespace, app: Pynenc) -> int:
    """Print what was found, worst first."""
    rows = [
        _Examined(", ".join(part.components), finding)
        for part in parts_of(app)
        for finding in examine(part.store)
    ]
    rows.sort(key=lambda row: list(Level).index(row.finding.level), reverse=True)
    print_table(
        ("level", "store", "found", "what to do"),
        [(row.finding.level.value, row.store, row.finding.text, row.finding.remedy) for row in rows],
        title=f"App {app.app_id}",
    )
    return int(any(row.finding.level is Level.PROBLEM for row in rows))
