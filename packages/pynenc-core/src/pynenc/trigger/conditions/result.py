"""An invocation of a task succeeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynenc.arguments import Arguments
from pynenc.trigger.arguments.argument_filters import ArgumentFilter
from pynenc.trigger.arguments.result_filter import ResultFilter
from pynenc.trigger.conditions.base import ConditionContext, Spec
from pynenc.trigger.conditions.status import StatusCondition, StatusContext
from pynenc.values.ids import CallId, InvocationId
from pynenc.values.status import InvocationStatus

_UNREAD = object()


class ResultContext(StatusContext):
    """An invocation succeeded.

    Args:
        call_id: The task, and the hash of the arguments.
        invocation_id: Whose result it is.
        arguments: Of the call; or a function that reads them, called once.
        read_result: Reads the result, called once.
        disable_cache_args: Of the task.
    """

    def __init__(
        self,
        call_id: CallId,
        invocation_id: InvocationId,
        arguments: Arguments | Callable[[], Arguments],
        read_result: Callable[[], Any],
        disable_cache_args: tuple[str, ...] = (),
    ) -> None:
        super().__init__(call_id, invocation_id, InvocationStatus.SUCCESS, arguments, disable_cache_args)
        self._read_result = read_result
        self._result: Any = _UNREAD

    @property
    def result(self) -> Any:
        """What it returned."""
        if self._result is _UNREAD:
            self._result = self._read_result()
        return self._result


class ResultCondition(StatusCondition):
    """Invocations of a task that return something wanted."""

    kind = "result"

    def __init__(
        self,
        task_id: str,
        argument_filter: ArgumentFilter | None = None,
        result_filter: ResultFilter | None = None,
    ) -> None:
        super().__init__(task_id, [InvocationStatus.SUCCESS], argument_filter)
        self.result_filter = result_filter

    @property
    def spec(self) -> Spec:
        """With the filter of results."""
        return {**super().spec, "result": self.result_filter.spec if self.result_filter else None}

    @property
    def callbacks(self) -> tuple[Callable[..., Any], ...]:
        """Those of both filters."""
        callback = self.result_filter.callback if self.result_filter else None
        return super().callbacks if callback is None else (*super().callbacks, callback)

    def is_satisfied_by(self, context: ConditionContext) -> bool:
        """Whether arguments and result are wanted."""
        assert isinstance(context, ResultContext)
        if not super().is_satisfied_by(context):
            return False
        return self.result_filter is None or self.result_filter.matches(context.result)

    def __str__(self) -> str:
        wanted = f" that satisfies {self.result_filter.spec}" if self.result_filter else ""
        return f"{self.task_id} has a result{wanted}"
