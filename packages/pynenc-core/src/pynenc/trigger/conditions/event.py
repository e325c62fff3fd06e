"""An event is emitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pynenc.trigger.arguments.argument_filters import ArgumentFilter
from pynenc.trigger.conditions.base import ConditionContext, Spec, TriggerCondition


@dataclass(frozen=True, slots=True)
class EventContext(ConditionContext):
    """An event was emitted."""

    event_id: str
    event_code: str
    payload: Mapping[str, Any]


class EventCondition(TriggerCondition):
    """Events of one code, with a wanted payload."""

    kind = "event"

    def __init__(self, event_code: str, payload_filter: ArgumentFilter | None = None) -> None:
        self.event_code = event_code
        self.payload_filter = payload_filter

    @property
    def spec(self) -> Spec:
        """Code and filter."""
        return {
            "kind": self.kind,
            "code": self.event_code,
            "payload": self.payload_filter.spec if self.payload_filter else None,
        }

    @property
    def callbacks(self) -> tuple[Callable[..., Any], ...]:
        """That of the filter."""
        callback = self.payload_filter.callback if self.payload_filter else None
        return () if callback is None else (callback,)

    def is_satisfied_by(self, context: ConditionContext) -> bool:
        """Whether the payload is wanted."""
        assert isinstance(context, EventContext)
        return self.payload_filter is None or self.payload_filter.matches(context.payload)

    def __str__(self) -> str:
        return f"event '{self.event_code}'"
