"""``pynenc doctor``: whether the stores of an app answer, and what their servers should be set to."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NamedTuple

from pynenc.app import Pynenc
from pynenc.cli.table import print_table
from pynenc.contracts.store import BaseStore
from pynenc.exceptions import StoreError
from pynenc.values.findings import Finding, Level

_COMPONENTS = ("orchestrator", "broker", "state_backend", "client_data_store", "trigger")


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
    rows = [_Examined(name, finding) for name, store in _stores(app) for finding in _examine(store)]
    rows.sort(key=lambda row: list(Level).index(row.finding.level), reverse=True)
    print_table(
        ("level", "store", "found", "what to do"),
        [(row.finding.level.value, row.store, row.finding.text, row.finding.remedy) for row in rows],
        title=f"App {app.app_id}",
    )
    return int(any(row.finding.level is Level.PROBLEM for row in rows))


def _stores(app: Pynenc) -> Iterable[tuple[str, BaseStore]]:
    """Each store once, called by the components that share it."""
    names: dict[int, list[str]] = {}
    stores: dict[int, BaseStore] = {}
    for name in _COMPONENTS:
        store = getattr(app.engine.components, name).store
        names.setdefault(id(store), []).append(name)
        stores[id(store)] = store
    return [(", ".join(names[key]), store) for key, store in stores.items()]


def _examine(store: BaseStore) -> list[Finding]:
    kind = type(store).__name__
    try:
        store.now()
        return [Finding(Level.OK, f"{kind} answers"), *store.diagnose()]
    except StoreError as error:
        return [Finding(Level.PROBLEM, f"{kind}: {error}")]
