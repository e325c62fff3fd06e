"""What the suite needs to know about a backend, and how the components of one app are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pynenc.conf.config_base import ConfigBase
from pynenc.contracts import (
    BaseBroker,
    BaseClientDataStore,
    BaseComponent,
    BaseOrchestrator,
    BaseStateBackend,
    BaseStore,
    BaseTrigger,
    StoreKey,
)
from pynenc.values.capabilities import Capabilities
from pynenc.values.clock import Clock


@dataclass(frozen=True, slots=True)
class Parts:
    """The components of one app; each knows its store."""

    broker: BaseBroker
    orchestrator: BaseOrchestrator
    state_backend: BaseStateBackend
    client_data_store: BaseClientDataStore
    trigger: BaseTrigger

    def stores(self) -> list[BaseStore]:
        """Every store that is involved, each once."""
        components = (
            self.broker,
            self.orchestrator,
            self.state_backend,
            self.client_data_store,
            self.trigger,
        )
        return list({id(part.store): part.store for part in components}.values())


@dataclass(frozen=True, slots=True)
class Site:
    """Where a test may put its data, and which clock it holds."""

    folder: Path
    clock: Clock


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend under test."""

    name: str
    #: Components for an app id. Called twice with the same arguments it gives what a second process would
    #: have; on a store that processes cannot share, something empty.
    build: Callable[[Site, str], Parts]
    capabilities: Capabilities
    #: The settings with which an app uses it, for a folder that the app has for itself.
    settings: Callable[[Path], dict[str, Any]]
    #: Each with a reason.
    marks: tuple[pytest.MarkDecorator, ...] = ()
    #: Whether the time of the store is that of the clock it was given.
    takes_clock: bool = True
    #: Whether one worker starts what was submitted first before what was submitted later.
    keeps_order: bool = True
    #: What part of the repetitions that find rare things it can do in the time of a test: each write of some stores
    #: waits for a majority.
    repetitions: float = 1.0
    #: Why it cannot be used here; None when it can.
    unreachable: Callable[[], str | None] = lambda: None
    #: Which server or library is used, for the header of the report.
    provider: Callable[[], str] = lambda: "this process"


#: A component class and the settings for it.
Choice = tuple[type[Any], ConfigBase]


def assemble(site: Site, app_id: str, choices: Mapping[str, Choice]) -> Parts:
    """Make the components of ``Parts`` by field name; those with equal store keys share one store."""
    stores: dict[StoreKey, BaseStore] = {}
    made: dict[str, Any] = {}
    for field, (component, conf) in choices.items():
        assert issubclass(component, BaseComponent)
        key = component.store_key(conf, app_id)
        if key not in stores:
            stores[key] = component.make_store(conf, app_id, site.clock)
        made[field] = component.on_store(stores[key])
    return Parts(**made)
