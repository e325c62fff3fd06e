"""An event loop that stands still while what it runs waits for other invocations."""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from pynenc.engine.current import ActiveInvocation
from pynenc.values.operations import Move

#: Lets something else happen, if possible before an instant of the monotonic clock.
GoOn = Callable[[ActiveInvocation | None, float | None], None]

_CANCELS = 10


@dataclass(slots=True, eq=False)
class _Wait:
    """A coroutine that waits for another invocation."""

    event: asyncio.Event
    deadline: float | None
    #: Done when it should look again.
    poke: asyncio.Future[None]


class InlineLoop:
    """Runs ``async def`` invocations on the calling thread, one inside the other like all the rest.

    When the innermost one can only go on after another invocation, the loop is left, so that this one can run
    on the same thread, whether or not it needs the loop as well.
    """

    def __init__(self, go_on: GoOn) -> None:
        self._go_on = go_on
        self._open: asyncio.AbstractEventLoop | None = None
        self._nest: list[ActiveInvocation] = []
        self._waits: dict[ActiveInvocation, list[_Wait]] = {}

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._open is None:
            self._open = asyncio.SelectorEventLoop(_Selector(self._leave_when_idle))
        return self._open

    def run(self, coroutine: Coroutine[Any, Any, Move], active: ActiveInvocation) -> Move:
        """Run an invocation to its end."""
        # The context is made here: nothing of this thread's own leaks into the invocation.
        task = self._loop.create_task(coroutine, context=contextvars.Context())
        task.add_done_callback(lambda _: self._loop.stop())
        waits = self._waits[active] = []
        self._nest.append(active)
        try:
            while not task.done():
                self._loop.run_forever()
                if waits and not task.done():
                    self._let_others_run(active, waits)
        except BaseException:
            self._abandon(task)
            raise
        finally:
            self._nest.pop()
            del self._waits[active]
        return task.result()

    async def wait(
        self,
        active: ActiveInvocation,
        event: asyncio.Event,
        deadline: float | None,
        monotonic: Callable[[], float],
    ) -> bool:
        """Wait inside an invocation until ``event`` is set; False at the deadline."""
        while not event.is_set() and (deadline is None or monotonic() < deadline):
            wait = _Wait(event, deadline, self._loop.create_future())
            self._waits[active].append(wait)
            await wait.poke
        return event.is_set()

    def close(self) -> None:
        """Release the loop; the next invocation opens another one."""
        loop, self._open = self._open, None
        if loop is not None:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    def _let_others_run(self, active: ActiveInvocation, waits: list[_Wait]) -> None:
        if not any(wait.event.is_set() for wait in waits):
            self._go_on(active, min((w.deadline for w in waits if w.deadline is not None), default=None))
        poked = list(waits)
        waits.clear()
        for wait in poked:
            if not wait.poke.done():
                wait.poke.set_result(None)

    def _leave_when_idle(self) -> bool:
        """Called when nothing on the loop can go on by itself."""
        idle = bool(self._nest and self._waits[self._nest[-1]])
        if idle:
            self._loop.stop()
        return idle

    def _abandon(self, task: asyncio.Task[Move]) -> None:
        for _ in range(_CANCELS):
            task.cancel()
            self._loop.run_forever()
            if task.done():
                return


class _Selector(selectors.DefaultSelector):
    """Asks before it blocks."""

    def __init__(self, on_idle: Callable[[], bool]) -> None:
        super().__init__()
        self._on_idle = on_idle

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if (timeout is None or timeout > 0) and self._on_idle():
            timeout = 0
        return super().select(timeout)
