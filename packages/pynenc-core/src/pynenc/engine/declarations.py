"""Which version of each trigger is in force, and who evaluates it.

Triggers live in code. Each runner says which ones it has; one is in force while a living runner has it, in the
version of the runner that started last, and is evaluated only where that version is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pynenc.engine.components import Components
from pynenc.engine.diary import DIARY
from pynenc.engine.registry import TaskRegistry
from pynenc.exceptions import ConfigError
from pynenc.trigger.conditions.status import StatusCondition
from pynenc.trigger.definition import TriggerDefinition
from pynenc.values.ids import RunnerId
from pynenc.values.status import InvocationStatus

#: Scopes of the values of the trigger component.
DECLARED, PAUSED = "declared", "paused"
#: What nobody declared for so long is not watched any more; until then things that happen are kept for it.
WATCH_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class InForce:
    """A trigger as a living runner declared it."""

    spec: Mapping[str, Any]
    runner_id: str

    @property
    def version(self) -> str:
        """Hash of what it does."""
        return str(self.spec["version"])


@dataclass(frozen=True, slots=True)
class Scene:
    """What holds at one moment."""

    #: By trigger id.
    in_force: Mapping[str, InForce]
    paused: frozenset[str]
    #: The living runners that have triggers.
    runners: frozenset[str]


class Declarations:
    """Says and reads what is in force."""

    def __init__(self, components: Components, registry: TaskRegistry) -> None:
        self._components = components
        self._registry = registry

    def own(self) -> dict[str, TriggerDefinition]:
        """The triggers in this process's code, by id."""
        return {
            trigger.trigger_id: trigger
            for task in list(self._registry.tasks.values())
            for trigger in task.triggers
        }

    def check(self) -> None:
        """Refuse what could not work between processes.

        Raises:
            ConfigError: events would stay in the memory of one process.
            NonModuleLevelFunctionError: a function cannot be recognised by other processes.
        """
        self.check_shared()
        if self._components.trigger.store.capabilities.multi_process:
            for trigger in self.own().values():
                trigger.require_importable()

    def check_shared(self) -> None:
        """Refuse to keep events where other processes of the app never see them.

        Raises:
            ConfigError: naming the setting.
        """
        parts = self._components
        if (
            parts.orchestrator.store.capabilities.multi_process
            > parts.trigger.store.capabilities.multi_process
        ):
            raise ConfigError(
                f"trigger_cls is '{parts.conf.trigger_cls}', which keeps triggers in the memory of this process, while "
                "other processes take part in this app: set trigger_cls to the trigger class of your backend, for "
                "example SQLiteTrigger"
            )

    def declare(self, runner_id: RunnerId, own: Mapping[str, TriggerDefinition]) -> None:
        """Say what a living runner has. Statuses are watched from before the triggers are in force."""
        self._components.orchestrator.watch_statuses(watched_by(own.values()), WATCH_SECONDS)
        text = json.dumps({trigger_id: trigger.spec for trigger_id, trigger in own.items()})
        living = self._living()
        stored = self._components.trigger.get_values([DECLARED])[DECLARED]
        gone: dict[str, str | None] = {name: None for name in stored if name not in living}
        self._components.trigger.set_values(DECLARED, {**gone, runner_id: text})

    def withdraw(self, runner_id: RunnerId) -> None:
        """A runner ends."""
        self._components.trigger.set_values(DECLARED, {runner_id: None})

    def read(self) -> Scene:
        """What is in force now."""
        values = self._components.trigger.get_values([DECLARED, PAUSED])
        in_force: dict[str, InForce] = {}
        runners = set()
        # In the order of their start: the last word counts.
        for row in self._components.orchestrator.list_runners():
            runner_id = row.identity.runner_id
            text = values[DECLARED].get(runner_id)
            if text is not None:
                runners.add(runner_id)
                for trigger_id, spec in json.loads(text).items():
                    in_force[trigger_id] = InForce(spec, runner_id)
        return Scene(in_force, frozenset(values[PAUSED]), frozenset(runners))

    def _living(self) -> set[RunnerId]:
        return {row.identity.runner_id for row in self._components.orchestrator.list_runners()}

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A purge is about data: what belongs to the programs that run is put back after it."""
        values = self._components.trigger.get_values([DECLARED, PAUSED, *DIARY])
        living = self._living()
        for scope in DIARY:
            values[scope] = {name: text for name, text in values[scope].items() if name in living}
        yield
        for scope, named in values.items():
            if named:
                self._components.trigger.set_values(scope, dict(named))
        specs = [spec for text in values.get(DECLARED, {}).values() for spec in json.loads(text).values()]
        watched: dict[str, frozenset[InvocationStatus]] = {}
        for condition in (condition for spec in specs for condition in spec["conditions"]):
            if "task" in condition:
                statuses = frozenset(map(InvocationStatus, condition["statuses"]))
                watched[condition["task"]] = watched.get(condition["task"], frozenset()) | statuses
        if watched:
            self._components.orchestrator.watch_statuses(watched, WATCH_SECONDS)


def watched_by(triggers: Iterable[TriggerDefinition]) -> dict[str, frozenset[InvocationStatus]]:
    """The statuses that triggers react to, by task."""
    watched: dict[str, frozenset[InvocationStatus]] = {}
    for trigger in triggers:
        for condition in trigger.conditions:
            if isinstance(condition, StatusCondition):
                known = watched.get(condition.task_id, frozenset())
                watched[condition.task_id] = known | condition.statuses
    return watched
