"""A task together with arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from pynenc.arguments import Arguments
from pynenc.engine.payloads import SerializedArguments
from pynenc.engine.registry import TaskDefinition
from pynenc.values.ids import CallId, TaskId


class Call:
    """What an invocation executes; arguments are read when somebody looks at them.

    Args:
        task_id: The task.
        serialized: Its serialized arguments, or how to get them.
        decode: Turns them into values by parameter name.
    """

    def __init__(
        self,
        task_id: TaskId,
        serialized: Callable[[], SerializedArguments],
        decode: Callable[[SerializedArguments], dict[str, Any]],
    ) -> None:
        self.task_id = task_id
        self._serialized = serialized
        self._decode = decode

    @cached_property
    def _stored(self) -> SerializedArguments:
        return self._serialized()

    @cached_property
    def arguments(self) -> Arguments:
        """The values; raises TaskNotRegisteredError where the task is not known."""
        return Arguments(self._decode(self._stored))

    @property
    def serialized_arguments(self) -> dict[str, str]:
        """Serialized text by parameter name."""
        return dict(self._stored.texts)

    @property
    def args_id(self) -> str:
        """Hash of the serialized arguments."""
        return self._stored.args_id

    @property
    def call_id(self) -> CallId:
        """Task and arguments as one identity."""
        return CallId(self.task_id, self.args_id)

    def __repr__(self) -> str:
        return f"Call({self.task_id.key!r})"


__all__ = ["Call", "TaskDefinition"]
