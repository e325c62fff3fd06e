"""Everything in the memory of this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.backends.parts import Backend, Parts, Site, assemble

from pynenc.backends.mem.broker import MemBroker
from pynenc.backends.mem.client_data_store import MemClientDataStore
from pynenc.backends.mem.orchestrator import MemOrchestrator
from pynenc.backends.mem.state_backend import MemStateBackend
from pynenc.backends.mem.store import MemStore
from pynenc.backends.mem.trigger import MemTrigger


def build(site: Site, app_id: str) -> Parts:
    """All components on one store."""
    classes = {
        "broker": MemBroker,
        "orchestrator": MemOrchestrator,
        "state_backend": MemStateBackend,
        "client_data_store": MemClientDataStore,
        "trigger": MemTrigger,
    }
    return assemble(site, app_id, {name: (cls, cls.config_cls()) for name, cls in classes.items()})


def settings(folder: Path) -> dict[str, Any]:
    """The defaults of every app."""
    return {}


BACKEND = Backend("mem", build, MemStore.capabilities, settings)
