"""Identities of tasks, calls, invocations and runners."""

from __future__ import annotations

from typing import NamedTuple, NewType

#: One invocation of a task: the text of a UUID, unless the engine derived it.
InvocationId = NewType("InvocationId", str)
#: One runner, supervisor or worker: the text of a UUID.
RunnerId = NewType("RunnerId", str)

#: ``args_id`` of a call without arguments.
NO_ARGS = "no_args"


def child_id(workflow_id: str, seq: int) -> InvocationId:
    """The id of what the code of a workflow calls as its operation number ``seq``, in whichever attempt."""
    return InvocationId(f"{workflow_id}.{seq}")


def seq_of_child(invocation_id: str) -> int | None:
    """Which operation of its parent an invocation is; None when its id is not derived."""
    _, dot, seq = invocation_id.rpartition(".")
    return int(seq) if dot and seq.isdecimal() else None


class TaskId(NamedTuple):
    """The module and the name of a task's function; ``str()`` gives ``module.name``."""

    module: str
    func_name: str

    @property
    def key(self) -> str:
        """Text form, ``module.name``: what stores and configuration files use."""
        return f"{self.module}.{self.func_name}"

    @property
    def config_key(self) -> str:
        """The name under which configuration addresses this task."""
        return self.key

    @classmethod
    def from_key(cls, key: str) -> TaskId:
        """Parse ``module.name``.

        Raises:
            ValueError: the text has no module part.
        """
        module, _, func_name = key.rpartition(".")
        if not module or not func_name:
            raise ValueError(f"task id {key!r} is not of the form 'module.function'")
        return cls(module, func_name)

    def __str__(self) -> str:
        return self.key


class CallId(NamedTuple):
    """A task together with the hash of its serialized arguments."""

    task_id: TaskId
    args_id: str

    @property
    def key(self) -> str:
        """Text form, ``module.name:args_id``."""
        return f"{self.task_id.key}:{self.args_id}"

    @classmethod
    def from_key(cls, key: str) -> CallId:
        """Parse ``module.name:args_id``; raises ValueError when it is not of that form."""
        task_key, separator, args_id = key.rpartition(":")
        if not separator or not args_id:
            raise ValueError(f"call id {key!r} is not of the form 'module.function:args_id'")
        return cls(TaskId.from_key(task_key), args_id)

    def __str__(self) -> str:
        return self.key
