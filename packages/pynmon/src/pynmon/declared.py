"""Tasks that are declared, called or not: by the code that this process has loaded anyway, and by what triggers run."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pynenc import Pynenc, Task
from pynenc.inspection import Setting, settings_of
from pynenc.trigger.trigger_info import TriggerInfo


@dataclass(frozen=True, slots=True)
class Declared:
    """What is known of a task besides its invocations."""

    #: None where this process does not have its code.
    task: Task[Any, Any] | None
    triggers: tuple[TriggerInfo, ...]

    @property
    def place(self) -> str:
        """Where it is defined."""
        if self.task is None:
            return ""
        code = getattr(self.task.func, "__code__", None)
        return f"{self.task.task_id.module}, line {code.co_firstlineno}" if code else self.task.task_id.module

    @property
    def arguments(self) -> tuple[str, ...]:
        """Their names. Defaults may be secrets."""
        return tuple(inspect.signature(self.task.func).parameters) if self.task else ()

    @property
    def options(self) -> list[Setting]:
        """As this process would apply them, secrets masked; those that somebody set first."""
        found = settings_of(self.task.conf) if self.task else ()
        return sorted(found, key=lambda one: one.origin == "default")


NOTHING = Declared(None, ())


def declared_by(app: Pynenc, triggers: Iterable[TriggerInfo]) -> Mapping[str, Declared]:
    """By task. Nothing is imported.

    Args:
        app: Whose code is looked at.
        triggers: All that are known.
    """
    by_task: dict[str, list[TriggerInfo]] = {}
    for trigger in triggers:
        by_task.setdefault(trigger.task_id, []).append(trigger)
    tasks = {task_id.key: task for task_id, task in app.tasks.items()}
    return {
        task_id: Declared(tasks.get(task_id), tuple(by_task.get(task_id, ()))) for task_id in tasks | by_task
    }
