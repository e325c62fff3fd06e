"""Everything in one SQLite file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from integration.backends.parts import Backend, Choice, Parts, Site, assemble

from pynenc.backends.sqlite.broker import SQLiteBroker
from pynenc.backends.sqlite.client_data_store import SQLiteClientDataStore
from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.backends.sqlite.state_backend import SQLiteStateBackend
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.backends.sqlite.trigger import SQLiteTrigger

_CLASSES = {
    "broker": SQLiteBroker,
    "orchestrator": SQLiteOrchestrator,
    "state_backend": SQLiteStateBackend,
    "client_data_store": SQLiteClientDataStore,
    "trigger": SQLiteTrigger,
}


def choice(component: str, path: Path) -> Choice:
    """A component in a file. NORMAL: power cuts are not what this suite is about."""
    cls = _CLASSES[component]
    return cls, cls.config_cls({"sqlite_db_path": str(path), "sqlite_synchronous": "NORMAL"})


def choices(path: Path) -> dict[str, Choice]:
    """All components in one file."""
    return {name: choice(name, path) for name in _CLASSES}


def build(site: Site, app_id: str) -> Parts:
    """All components on one store."""
    return assemble(site, app_id, choices(site.folder / "all.db"))


def provider() -> str:
    """The library that is linked into Python."""
    return f"SQLite {sqlite3.sqlite_version}"


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app with everything in one file."""
    return {**component_classes(), "sqlite_db_path": str(folder / "app.db"), "sqlite_synchronous": "NORMAL"}


def component_classes() -> dict[str, str]:
    """The class of each component, by setting."""
    return {f"{component}_cls": cls.__name__ for component, cls in _CLASSES.items()}


BACKEND = Backend("sqlite", build, SQLiteStore.capabilities, settings, provider=provider)
