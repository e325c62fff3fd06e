"""What an app is made of, for people: its settings with their origins, and what its stores say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pynenc.app import Pynenc
from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_task import ConfigTask
from pynenc.contracts import BaseBroker, BaseClientDataStore, BaseOrchestrator, BaseStateBackend, BaseTrigger
from pynenc.contracts.store import BaseStore
from pynenc.exceptions import StoreError
from pynenc.plugins import REGISTRY
from pynenc.runner.base_runner import BaseRunner
from pynenc.values.findings import Finding, Level

#: Field that names the class of a part -> what that class implements.
_PARTS: dict[str, type] = {
    "orchestrator_cls": BaseOrchestrator,
    "broker_cls": BaseBroker,
    "state_backend_cls": BaseStateBackend,
    "client_data_store_cls": BaseClientDataStore,
    "trigger_cls": BaseTrigger,
    "runner_cls": BaseRunner,
}
_COMPONENTS = ("orchestrator", "broker", "state_backend", "client_data_store", "trigger")


class Setting(NamedTuple):
    """One setting, as it may be shown to anybody."""

    name: str
    #: Secrets are masked.
    value: str
    #: Where it came from; ``default`` when nobody set it.
    origin: str
    meaning: str


class Part(NamedTuple):
    """A store, and the components that share it."""

    components: tuple[str, ...]
    store: BaseStore


def configs_of(app: Pynenc) -> Iterator[ConfigBase]:
    """The settings of an app, of its components, of its runner and of tasks; opens no store."""
    yield app.conf
    for field, base in _PARTS.items():
        part: Any = REGISTRY.resolve(base, getattr(app.conf, field))
        yield app.component_conf(part.config_cls)
    yield app.component_conf(ConfigTask)


def settings_of(config: ConfigBase) -> Iterator[Setting]:
    """Every setting of one kind."""
    for name, field in type(config).model_fields.items():
        yield Setting(name, config.display(name), config.origin(name), field.description or "")


def parts_of(app: Pynenc) -> list[Part]:
    """Each store once."""
    names: dict[int, list[str]] = {}
    stores: dict[int, BaseStore] = {}
    for name in _COMPONENTS:
        store = getattr(app.engine.components, name).store
        names.setdefault(id(store), []).append(name)
        stores[id(store)] = store
    return [Part(tuple(names[key]), store) for key, store in stores.items()]


def examine(store: BaseStore) -> list[Finding]:
    """Whether a store answers, and what its server should be set to."""
    kind = type(store).__name__
    try:
        store.now()
        return [Finding(Level.OK, f"{kind} answers"), *store.diagnose()]
    except StoreError as error:
        return [Finding(Level.PROBLEM, f"{kind}: {error}")]
