"""An invocation of a task enters a status."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pynenc.arguments import Arguments
from pynenc.exceptions import TriggerError
from pynenc.trigger.arguments.argument_filters import ArgumentFilter
from pynenc.trigger.conditions.base import ConditionContext, Spec, TriggerCondition
from pynenc.values.ids import CallId, InvocationId
from pynenc.values.status import InvocationStatus

#: Given, or read when somebody asks for it.
Lazy = Callable[[], Any]


class StatusContext(ConditionContext):
    """An invocation entered a status.

    Args:
        call_id: The task, and the hash of the arguments.
        invocation_id: Whose status it is.
        status: The status that was entered.
        arguments: Of the call; or a function that reads them, called once.
        disable_cache_args: Of the task.
    """

    def __init__(
        self,
        call_id: CallId,
        invocation_id: InvocationId,
        status: InvocationStatus,
        arguments: Arguments | Callable[[], Arguments],
        disable_cache_args: tuple[str, ...] = (),
    ) -> None:
        self.call_id = call_id
        self.invocation_id = invocation_id
        self.status = status
        self.disable_cache_args = disable_cache_args
        self._arguments = arguments

    @property
    def arguments(self) -> Arguments:
        """The arguments of the call."""
        if not isinstance(self._arguments, Arguments):
            self._arguments = self._arguments()
        return self._arguments

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.call_id.task_id}, {self.invocation_id}, {self.status})"


class StatusCondition(TriggerCondition):
    """Invocations of a task that enter one of some statuses."""

    kind = "status"

    def __init__(
        self,
        task_id: str,
        statuses: Iterable[InvocationStatus],
        argument_filter: ArgumentFilter | None = None,
    ) -> None:
        self.task_id = task_id
        self.statuses = frozenset(statuses)
        self.argument_filter = argument_filter

    @property
    def spec(self) -> Spec:
        """Task, statuses and filter."""
        return {
            "kind": self.kind,
            "task": self.task_id,
            "statuses": sorted(status.value for status in self.statuses),
            "arguments": self.argument_filter.spec if self.argument_filter else None,
        }

    @property
    def callbacks(self) -> tuple[Callable[..., Any], ...]:
        """That of the filter."""
        callback = self.argument_filter.callback if self.argument_filter else None
        return () if callback is None else (callback,)

    def is_satisfied_by(self, context: ConditionContext) -> bool:
        """Whether the arguments are wanted."""
        assert isinstance(context, StatusContext)
        return self.argument_filter is None or self.argument_filter.matches(context.arguments.kwargs)

    def __str__(self) -> str:
        return f"{self.task_id} is {' or '.join(sorted(self.statuses))}"


def make_statuses(
    given: InvocationStatus | str | Iterable[InvocationStatus | str],
) -> frozenset[InvocationStatus]:
    """What users give for statuses.

    Raises:
        TriggerError: one of them does not exist.
    """
    each = [given] if isinstance(given, str) else list(given)
    try:
        statuses = frozenset(InvocationStatus(str(status).lower()) for status in each)
    except ValueError:
        known = ", ".join(sorted(InvocationStatus))
        raise TriggerError(f"{given!r:.80} is no status of an invocation; there are {known}") from None
    if not statuses:
        raise TriggerError("a condition on statuses needs at least one of them")
    return statuses
