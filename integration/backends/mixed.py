"""Components spread over different stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.backends import sqlite
from integration.backends.parts import Backend, Parts, Site, assemble

from pynenc.backends.sqlite.store import SQLiteStore

_FILES = {
    "broker": "queue.db",
    "orchestrator": "records.db",
    "state_backend": "payloads.db",
    "client_data_store": "payloads.db",
    "trigger": "triggers.db",
}


def build(site: Site, app_id: str) -> Parts:
    """Broker, orchestrator, payloads and triggers in a file each."""
    choices = {name: sqlite.choice(name, site.folder / file) for name, file in _FILES.items()}
    return assemble(site, app_id, choices)


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app spread so: a section per component."""
    paths = {
        name.replace("_", "") + "sqlite": {"sqlite_db_path": str(folder / file)}
        for name, file in _FILES.items()
    }
    return {**sqlite.component_classes(), **paths, "sqlite_synchronous": "NORMAL"}


SQLITE_SPLIT = Backend("sqlite_split", build, SQLiteStore.capabilities, settings, provider=sqlite.provider)
