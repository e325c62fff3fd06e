"""Time limits and cancellations of what runs in this process."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pynenc.conf.config_task import ConfigTask
from pynenc.engine.current import ActiveInvocation
from pynenc.engine.engine import Engine
from pynenc.exceptions import (
    InvocationCancelledError,
    InvocationError,
    SoftTimeLimitError,
    TimeLimitError,
)
from pynenc.values.status import InvocationStatus

#: A limit that could not be enforced is tried again after so many seconds.
_RETRY_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class Watched:
    """An attempt that runs here."""

    active: ActiveInvocation
    conf: ConfigTask
    #: The coroutine of an ``async def`` task, and the loop that it runs on.
    coroutine: asyncio.Task[None] | None = None

    def seconds_left(self) -> float | None:
        """Seconds of running until the next limit; None without one."""
        limits = [self.conf.time_limit]
        if self.active.doom is None:
            limits.append(self.conf.soft_time_limit)
        left = [limit - self.active.ran_seconds() for limit in limits if limit is not None]
        return min(left, default=None)


class Watchdog:
    """Looks after attempts that have a limit, and learns of those that were cancelled.

    Args:
        engine: The rules and the stores.
        on_time_limit: Called with an attempt that exceeded its ``time_limit``.
    """

    def __init__(self, engine: Engine, on_time_limit: Callable[[Watched, TimeLimitError], None]) -> None:
        self._engine = engine
        self._on_time_limit = on_time_limit

    def enforce_limits(self, watched: Iterable[Watched]) -> float | None:
        """Act on every limit that is exceeded; returns the seconds until the next one may be."""
        soonest: float | None = None
        for one in list(watched):
            left = one.seconds_left()
            if left is not None and left <= 0:
                self._exceeded(one)
                left = one.seconds_left()
            if left is not None:
                left = max(left, _RETRY_SECONDS)
                soonest = left if soonest is None else min(soonest, left)
        return soonest

    def notice_cancelled(self, watched: Iterable[Watched]) -> None:
        """Read whether what runs here is still wanted; one read for all of it."""
        running = {one.active.invocation_id: one for one in list(watched)}
        if not running:
            return
        states = self._engine.orchestrator.get_states(list(running))
        for invocation_id, one in running.items():
            state = states.get(invocation_id)
            if one.active.doom is None and state is not None and state.status is InvocationStatus.CANCELLED:
                self._raise_inside(one, InvocationCancelledError(invocation_id, "was cancelled while it ran"))

    def _exceeded(self, one: Watched) -> None:
        hard, soft = one.conf.time_limit, one.conf.soft_time_limit
        ran, invocation_id = one.active.ran_seconds(), one.active.invocation_id
        if hard is not None and ran >= hard:
            self._on_time_limit(
                one, TimeLimitError(invocation_id, f"ran longer than its time_limit of {hard:g} s")
            )
        elif soft is not None:
            error = SoftTimeLimitError(invocation_id, f"ran longer than its soft_time_limit of {soft:g} s")
            self._raise_inside(one, error)

    def _raise_inside(self, one: Watched, error: InvocationError) -> None:
        """Have the attempt's own code raise; a call into C sees it when it returns.

        While the engine works for the attempt nothing is done, and the next look tries again.
        """
        active = one.active
        if one.coroutine is not None:
            active.doom = error
            one.coroutine.get_loop().call_soon_threadsafe(one.coroutine.cancel)
        elif active.thread_id is not None and not active.in_engine:
            active.doom = error
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(active.thread_id), ctypes.py_object(_class_that_raises(error))
            )


def _class_that_raises(error: InvocationError) -> type[InvocationError]:
    """A class whose instances say what ``error`` says: another thread can only be given a class to raise."""
    cls = type(error)
    said = (error.invocation_id, error.message)
    return type(
        cls.__name__,
        (cls,),
        {"__init__": lambda self: cls.__init__(self, *said), "__module__": cls.__module__},
    )
