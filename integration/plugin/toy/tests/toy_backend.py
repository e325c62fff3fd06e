"""Tells the contract suite of pynenc how to build the toy components."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.backends.parts import Backend, Parts, Site, assemble
from pynenc_toy.components import (
    ToyBroker,
    ToyClientDataStore,
    ToyOrchestrator,
    ToyStateBackend,
    ToyTrigger,
)

from pynenc.backends.mem.store import MemStore

_CLASSES = {
    "broker": ToyBroker,
    "orchestrator": ToyOrchestrator,
    "state_backend": ToyStateBackend,
    "client_data_store": ToyClientDataStore,
    "trigger": ToyTrigger,
}


def build(site: Site, app_id: str) -> Parts:
    """All components on one store."""
    return assemble(site, app_id, {name: (cls, cls.config_cls()) for name, cls in _CLASSES.items()})


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app that uses them."""
    return {f"{name}_cls": cls.__name__ for name, cls in _CLASSES.items()}


BACKEND = Backend("toy", build, MemStore.capabilities, settings)
