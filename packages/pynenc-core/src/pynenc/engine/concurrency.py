"""Which scope a call belongs to, for registration and for running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pynenc.engine.payloads import args_id_of
from pynenc.values.concurrency import ConcurrencyControlType


def concurrency_key(
    mode: ConcurrencyControlType,
    task_key: str,
    texts: Mapping[str, str],
    args_id: str,
    key_arguments: Sequence[str],
) -> str | None:
    """The key that calls of one scope share; None without control.

    TASK: all calls of the task. ARGUMENTS: those with equal serialized arguments. KEYS: those with equal
    serialized values of ``key_arguments``.
    """
    if mode is ConcurrencyControlType.DISABLED:
        return None
    if mode is ConcurrencyControlType.TASK:
        return task_key
    if mode is ConcurrencyControlType.ARGUMENTS:
        return f"{task_key}:{args_id}"
    return f"{task_key}:{args_id_of({name: texts[name] for name in key_arguments})}"
