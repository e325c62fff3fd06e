"""Public path: the identities of tasks, calls and invocations."""

from pynenc.values.ids import CallId, InvocationId, TaskId

__all__ = ["CallId", "InvocationId", "TaskId"]
