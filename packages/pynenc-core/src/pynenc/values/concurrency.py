"""How the invocations of one task may overlap."""

from __future__ import annotations

from enum import StrEnum


class ConcurrencyControlType(StrEnum):
    """Which invocations of a task count as the same one for concurrency control."""

    #: No control.
    DISABLED = "disabled"
    #: All invocations of the task.
    TASK = "task"
    #: Those with identical arguments.
    ARGUMENTS = "arguments"
    #: Those with identical values of the task's ``key_arguments``.
    KEYS = "keys"
