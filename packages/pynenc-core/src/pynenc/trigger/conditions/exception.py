"""An invocation of a task fails for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pynenc.arguments import Arguments
from pynenc.exceptions import TriggerError
from pynenc.trigger.arguments.argument_filters import ArgumentFilter
from pynenc.trigger.conditions.base import ConditionContext, Spec
from pynenc.trigger.conditions.status import StatusCondition, StatusContext
from pynenc.values.ids import CallId, InvocationId
from pynenc.values.status import InvocationStatus


class ExceptionContext(StatusContext):
    """An invocation failed.

    Args:
        call_id: The task, and the hash of the arguments.
        invocation_id: Which one failed.
        arguments: Of the call; or a function that reads them, called once.
        exception_name: Qualified name of the class, ``module.Class``.
        exception_message: At most 200 characters of it.
        disable_cache_args: Of the task.
    """

    def __init__(
        self,
        call_id: CallId,
        invocation_id: InvocationId,
        arguments: Arguments | Callable[[], Arguments],
        exception_name: str,
        exception_message: str,
        disable_cache_args: tuple[str, ...] = (),
    ) -> None:
        super().__init__(call_id, invocation_id, InvocationStatus.FAILED, arguments, disable_cache_args)
        self.exception_name = exception_name
        self.exception_message = exception_message

    @property
    def exception_type(self) -> str:
        """Name of the class, without its module."""
        return self.exception_name.rpartition(".")[2]


class ExceptionCondition(StatusCondition):
    """Invocations of a task that fail, with an exception of certain classes."""

    kind = "exception"

    def __init__(
        self,
        task_id: str,
        exception_types: Iterable[str] = (),
        argument_filter: ArgumentFilter | None = None,
    ) -> None:
        super().__init__(task_id, [InvocationStatus.FAILED], argument_filter)
        #: Names of classes, with or without their module; empty wants all.
        self.exception_types = frozenset(exception_types)

    @property
    def spec(self) -> Spec:
        """With the classes."""
        return {**super().spec, "exceptions": sorted(self.exception_types)}

    def is_satisfied_by(self, context: ConditionContext) -> bool:
        """Whether class and arguments are wanted."""
        assert isinstance(context, ExceptionContext)
        names = {
            context.exception_name,
            context.exception_name.removeprefix("builtins."),
            context.exception_type,
        }
        return (not self.exception_types or bool(names & self.exception_types)) and super().is_satisfied_by(
            context
        )

    def __str__(self) -> str:
        return f"{self.task_id} raises {' or '.join(sorted(self.exception_types)) or 'anything'}"


def make_exception_types(given: Any) -> tuple[str, ...]:
    """What users give for exceptions: classes and names, one or several; None is all.

    Raises:
        TriggerError: it is something else.
    """
    if given is None:
        return ()
    each = [given] if isinstance(given, (str, type)) else list(given)
    names = []
    for one in each:
        if isinstance(one, type) and issubclass(one, BaseException):
            names.append(f"{one.__module__}.{one.__qualname__}".removeprefix("builtins."))
        elif isinstance(one, str) and one:
            names.append(one)
        else:
            raise TriggerError(
                f"exception_types takes classes of exceptions and their names, not {one!r:.80}"
            )
    return tuple(names)
