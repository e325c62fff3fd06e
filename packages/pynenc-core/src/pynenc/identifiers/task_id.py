"""Public path: the identity of a task."""

from pynenc.values.ids import TaskId

__all__ = ["TaskId"]
