"""What a condition is, and what it is told of."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NewType, Protocol

from pynenc.exceptions import TriggerError
from pynenc.values.triggers import Occurrence

#: Hash of what a condition says.
ConditionId = NewType("ConditionId", str)
#: What is stored of a condition: enough to tell whether an occurrence may concern it, without any code.
Spec = dict[str, Any]


class HasTaskId(Protocol):
    """A task."""

    @property
    def task_id(self) -> Any:
        """Module and name."""


class ConditionContext:
    """What happened, as filters and providers are given it."""


class TriggerCondition(ABC):
    """Something that may happen. Equal conditions have equal ids, in every process."""

    #: The first word of its spec.
    kind: ClassVar[str]

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """What the condition says, as JSON-able data; functions by their names."""

    @property
    def condition_id(self) -> ConditionId:
        """Hash of the spec."""
        text = json.dumps(self.spec, sort_keys=True)
        return ConditionId(hashlib.sha256(text.encode()).hexdigest()[:16])

    @property
    def callbacks(self) -> tuple[Callable[..., Any], ...]:
        """The functions of users that it asks."""
        return ()

    def is_satisfied_by(self, context: ConditionContext) -> bool:
        """Whether what happened, and concerns this condition, is wanted; asks the filters."""
        return True

    @abstractmethod
    def __str__(self) -> str:
        """For people."""


@dataclass(frozen=True, slots=True)
class ValidCondition:
    """A condition that was satisfied, and by what."""

    condition: TriggerCondition
    context: ConditionContext


def task_key_of(task: HasTaskId | str) -> str:
    """The key of a task, given itself, its id or its key.

    Raises:
        TriggerError: it is none of these.
    """
    found = task if isinstance(task, str) else getattr(task, "task_id", task)
    key = str(getattr(found, "key", found))
    module, _, name = key.rpartition(".")
    if not module or not name.isidentifier() or not isinstance(getattr(found, "key", found), str):
        raise TriggerError(f"a condition is about a task or its id 'module.function', not {task!r:.80}")
    return key


def concerns(spec: Spec, occurrence: Occurrence) -> bool:
    """Whether an occurrence may satisfy a condition with this spec, its filters left out of account."""
    if occurrence.status is not None:
        return spec.get("task") == occurrence.source and occurrence.status.value in spec.get("statuses", ())
    return spec.get("kind") == "event" and spec.get("code") == occurrence.source
