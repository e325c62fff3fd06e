"""Public path: what runs here."""

from __future__ import annotations

from pynenc.engine.current import ActiveInvocation, get_active


def current_invocation() -> ActiveInvocation:
    """The invocation whose code calls this: ``.invocation_id``, and ``.attempt`` from 1.

    Raises:
        RuntimeError: the caller is not inside a task.
    """
    active = get_active()
    if active is None:
        raise RuntimeError(
            "no invocation is running here: call this inside a task, on the task's own thread or loop"
        )
    return active


__all__ = ["current_invocation"]
