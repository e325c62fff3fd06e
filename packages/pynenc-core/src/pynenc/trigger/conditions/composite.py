"""Several conditions as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from pynenc.exceptions import TriggerError
from pynenc.trigger.conditions.base import Spec, TriggerCondition


class CompositeLogic(StrEnum):
    """How conditions are combined."""

    #: A run needs one occurrence of each.
    AND = "and"
    #: Each occurrence of any is a run.
    OR = "or"


class CompositeCondition(TriggerCondition):
    """Conditions of a trigger, all of them or any."""

    kind = "composite"

    def __init__(
        self, conditions: Iterable[TriggerCondition], logic: CompositeLogic = CompositeLogic.AND
    ) -> None:
        self.conditions = tuple(conditions)
        self.logic = CompositeLogic(logic)
        if not self.conditions:
            raise TriggerError("a trigger needs at least one condition: on_cron, on_event, on_status, …")
        if any(isinstance(condition, CompositeCondition) for condition in self.conditions):
            raise TriggerError(
                "conditions are combined on one level: give a task several triggers for several ways to fire"
            )

    @property
    def spec(self) -> Spec:
        """Those of the conditions."""
        return {
            "kind": self.kind,
            "logic": self.logic.value,
            "conditions": [each.spec for each in self.conditions],
        }

    @property
    def callbacks(self) -> tuple[Callable[..., Any], ...]:
        """Those of the conditions."""
        return tuple(callback for condition in self.conditions for callback in condition.callbacks)

    @property
    def needs_all(self) -> bool:
        """Whether a run needs more than one occurrence."""
        return self.logic is CompositeLogic.AND and len(self.conditions) > 1

    def __str__(self) -> str:
        return f" {self.logic} ".join(map(str, self.conditions))
