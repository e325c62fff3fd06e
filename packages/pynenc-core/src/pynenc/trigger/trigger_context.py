"""TriggerContext: everything that led to one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from pynenc.trigger.conditions.base import ConditionContext, ConditionId, ValidCondition

C = TypeVar("C", bound=ConditionContext)


@dataclass(frozen=True, slots=True)
class TriggerContext:
    """What a run is made of: one satisfied condition, or with AND one of each."""

    #: In the order of the conditions of the trigger. Empty when the trigger was fired by hand.
    valid_conditions: tuple[ValidCondition, ...]
    #: When it was matched: seconds since 1970 by the store's clock.
    timestamp: float

    def has_condition(self, condition_id: ConditionId) -> bool:
        """Whether a condition is among them."""
        return any(valid.condition.condition_id == condition_id for valid in self.valid_conditions)

    def first(self, context_cls: type[C]) -> C | None:
        """The first context of a kind."""
        found = (valid.context for valid in self.valid_conditions)
        return next((context for context in found if isinstance(context, context_cls)), None)
