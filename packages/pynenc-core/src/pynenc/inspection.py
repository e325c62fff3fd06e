"""What an app is made of, for people: its settings with their origins, and what its stores say of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pynenc.app import Pynenc
from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_task import ConfigTask
from pynenc.contracts import BaseBroker, BaseClientDataStore, BaseOrchestrator, BaseStateBackend, BaseTrigger
from pynenc.contracts.store import BaseStore
from pynenc.engine.diary import known_tasks, read_diaries
from pynenc.exceptions import StoreError
from pynenc.plugins import REGISTRY
from pynenc.runner.base_runner import BaseRunner
from pynenc.values.findings import Finding, Level
from pynenc.values.notes import Given, KnownTask, RunnerNotes

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


def tasks_of(app: Pynenc) -> dict[str, KnownTask]:
    """The tasks that this process has loaded, as runners tell of theirs."""
    return known_tasks(app.engine.registry)


def options_of(given: Mapping[str, Given]) -> Iterator[Setting]:
    """Every option of a task, of which those that are not at their defaults are known."""
    for name, field in ConfigTask.model_fields.items():
        value, origin = given.get(name) or Given(ConfigTask.display_default(name), "default")
        yield Setting(name, value, origin, field.description or "")


def parts_of(app: Pynenc) -> list[Part]:
    """Each store once."""
    names: dict[int, list[str]] = {}
    stores: dict[int, BaseStore] = {}
    for name in _COMPONENTS:
        store = getattr(app.engine.components, name).store
        names.setdefault(id(store), []).append(name)
        stores[id(store)] = store
    return [Part(tuple(names[key]), store) for key, store in stores.items()]


def notes_of(app: Pynenc) -> dict[str, RunnerNotes]:
    """What runners wrote down about themselves, by their ids, as long as their rows are kept; one round trip.

    Raises:
        StoreError: the store of the triggers does not answer.
    """
    return read_diaries(app.engine.components.trigger)


def examine(store: BaseStore) -> list[Finding]:
    """Whether a store answers, and what its server should be set to."""
    kind = type(store).__name__
    try:
        store.now()
        return [Finding(Level.OK, f"{kind} answers"), *store.diagnose()]
    except StoreError as error:
        return [Finding(Level.PROBLEM, f"{kind}: {error}")]
