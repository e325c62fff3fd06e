"""Components spread over different stores."""

from __future__ import annotations

from integration.backends import sqlite
from integration.backends.parts import Backend, Parts, Site, assemble
from pynenc.backends.sqlite.store import SQLiteStore


def build(site: Site, app_id: str) -> Parts:
    """Broker, orchestrator and payloads in a file each."""
    files = {
        "broker": "queue.db",
        "orchestrator": "records.db",
        "state_backend": "payloads.db",
        "client_data_store": "payloads.db",
    }
    choices = {name: sqlite.choice(name, site.folder / file) for name, file in files.items()}
    return assemble(site, app_id, choices)


SQLITE_SPLIT = Backend("sqlite_split", build, SQLiteStore.capabilities, provider=sqlite.provider)
