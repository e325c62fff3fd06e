"""Everything in one MongoDB database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from integration.backends.parts import Backend, Choice, Parts, Site, assemble
from integration.servers.mongodb import PROVIDER

from pynenc_mongodb.broker import MongoBroker
from pynenc_mongodb.client_data_store import MongoClientDataStore
from pynenc_mongodb.orchestrator import MongoOrchestrator
from pynenc_mongodb.state_backend import MongoStateBackend
from pynenc_mongodb.store import MongoStore
from pynenc_mongodb.trigger import MongoTrigger

CLASSES: dict[str, type[Any]] = {
    "broker": MongoBroker,
    "orchestrator": MongoOrchestrator,
    "state_backend": MongoStateBackend,
    "client_data_store": MongoClientDataStore,
    "trigger": MongoTrigger,
}
#: Tests that name their apps themselves may run side by side.
_DATABASE = f"pynenc_tests_{os.environ.get('PYTEST_XDIST_WORKER', '')}"


def choice_of(component: str, values: dict[str, Any]) -> Choice:
    """A component with some settings."""
    cls = CLASSES[component]
    return cls, cls.config_cls(values)


def build(site: Site, app_id: str) -> Parts:
    """All components on one store."""
    values = {"mongo_url": PROVIDER.url(), "mongo_db": _DATABASE}
    return assemble(site, app_id, {name: choice_of(name, values) for name in CLASSES})


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app with everything on that server."""
    return {**component_classes(), "mongo_url": PROVIDER.url(), "mongo_db": _DATABASE}


def component_classes() -> dict[str, str]:
    """The class of each component, by setting."""
    return {f"{component}_cls": cls.__name__ for component, cls in CLASSES.items()}


BACKEND = Backend(
    "mongodb",
    build,
    MongoStore.capabilities,
    settings,
    takes_clock=False,
    repetitions=0.3,
    unreachable=PROVIDER.problem,
    provider=PROVIDER.describe,
)
