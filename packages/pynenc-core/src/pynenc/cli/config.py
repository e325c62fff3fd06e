"""``pynenc show_config``: every setting with its value, where that came from, and what it means."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from pynenc.app import Pynenc
from pynenc.conf.config_base import ConfigBase
from pynenc.inspection import configs_of, settings_of


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    subparsers.add_parser(
        "show_config",
        help="show every setting, its value, its origin and its meaning",
        description="Show every setting of the app, of its components and of tasks. Secrets are masked.",
    )


def run(args: argparse.Namespace, app: Pynenc) -> int:
    """Print the configuration of ``app``; opens no store."""
    print_configs(configs_of(app))
    return 0


def print_configs(configs: Iterable[ConfigBase]) -> None:
    """Print tables on a terminal, one line per field otherwise."""
    if sys.stdout.isatty():
        _print_tables(configs)
        return
    for config in configs:
        for field, value, origin, description in settings_of(config):
            print(f"{type(config).__name__}.{field} = {value}\t({origin})\t{description}")


def _print_tables(configs: Iterable[ConfigBase]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Column, Table  # noqa: PLC0415

    console = Console()
    for config in configs:
        # Folding instead of cutting: a name or an origin that ends in "…" is of no use.
        columns = [Column(name, overflow="fold") for name in ("field", "value", "origin", "meaning")]
        table = Table(*columns, title=type(config).__name__, title_justify="left")
        for row in settings_of(config):
            table.add_row(*map(escape, row), style="" if row[2] == "default" else "bold")
        console.print(table)
