"""TriggerDefinition: when a task is run by itself, and with which arguments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NewType

from pynenc.trigger.arguments.argument_providers import ArgumentProvider
from pynenc.trigger.arguments.arguments_common import require_importable
from pynenc.trigger.conditions.base import Spec, TriggerCondition
from pynenc.trigger.conditions.composite import CompositeCondition
from pynenc.trigger.conditions.cron import CronCondition
from pynenc.trigger.conditions.event import EventCondition
from pynenc.trigger.conditions.status import StatusCondition

#: The task, ``#``, and the name of the trigger or its place among those of the task.
TriggerDefinitionId = NewType("TriggerDefinitionId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerDefinition:
    """One trigger of one task. It lives in code; stores keep its spec only."""

    trigger_id: TriggerDefinitionId
    #: The task that it runs.
    task_id: str
    condition: CompositeCondition
    providers: tuple[ArgumentProvider, ...] = ()
    #: With AND: how long an occurrence waits for the others.
    ttl_seconds: float = 86_400.0

    @property
    def conditions(self) -> tuple[TriggerCondition, ...]:
        """What it reacts to."""
        return self.condition.conditions

    @property
    def spec(self) -> Spec:
        """What is stored of it, for runners that do not have it."""
        return {
            "task": self.task_id,
            "version": self.version,
            "conditions": [condition.spec for condition in self.conditions],
            "text": str(self.condition),
            "texts": [str(condition) for condition in self.conditions],
        }

    @property
    def version(self) -> str:
        """Hash of everything that makes it fire differently; equal in every process."""
        text = json.dumps(
            [self.condition.spec, [provider.spec for provider in self.providers], self.ttl_seconds],
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def scope(self) -> str:
        """Where the halves of its runs meet: other conditions begin anew."""
        return f"{self.trigger_id} {self.condition.condition_id}"

    @property
    def pairs_by_invocation(self) -> bool:
        """Whether all conditions are about invocations of one task, so that a run is about one of these."""
        tasks = {each.task_id if isinstance(each, StatusCondition) else None for each in self.conditions}
        return len(tasks) == 1 and None not in tasks

    def cron_conditions(self) -> Iterator[tuple[int, CronCondition]]:
        """The schedules, and their places among the conditions."""
        for at, condition in enumerate(self.conditions):
            if isinstance(condition, CronCondition):
                yield at, condition

    @property
    def event_codes(self) -> tuple[str, ...]:
        """The events that it reacts to."""
        return tuple(each.event_code for each in self.conditions if isinstance(each, EventCondition))

    def require_importable(self) -> None:
        """Refuse functions that other processes could not recognise.

        Raises:
            NonModuleLevelFunctionError: naming trigger and function.
        """
        for callback in self.condition.callbacks:
            require_importable(callback, f"a filter of trigger '{self.trigger_id}'")
        for provider in self.providers:
            if provider.callback is not None:
                require_importable(provider.callback, f"an argument provider of trigger '{self.trigger_id}'")
