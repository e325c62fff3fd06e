"""Waiting for invocations on an event loop: the loop never blocks, and nothing is helped on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.engine import transitions
from pynenc.engine.courier import Courier
from pynenc.engine.current import get_active
from pynenc.engine.waiting import States, check_pause, final_among, lost
from pynenc.engine.wakeups import SAFETY_RECHECK_SECONDS, Signal, Wakeups
from pynenc.exceptions import InvocationError
from pynenc.values.clock import WaitableClock
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, Move, MoveResult, StepAnswer


class _Reads(Protocol):
    async def step(self, moves: Sequence[Move], read: Sequence[InvocationId]) -> StepAnswer:
        """The states of ``read``, without blocking the loop."""


class _ThreadedReads:
    """Reads for a loop that is no worker's."""

    def __init__(self, orchestrator: BaseOrchestrator) -> None:
        self._orchestrator = orchestrator

    async def step(self, moves: Sequence[Move], read: Sequence[InvocationId]) -> StepAnswer:
        return StepAnswer(states=await asyncio.to_thread(self._orchestrator.get_states, list(read)))


class AsyncWaiting:
    """Waits for invocations to become final, from coroutines inside and outside of tasks."""

    def __init__(self, orchestrator: BaseOrchestrator, wakeups: Wakeups, clock: WaitableClock) -> None:
        self._orchestrator = orchestrator
        self._wakeups = wakeups
        self._clock = clock

    async def wait(
        self, ids: Sequence[InvocationId], enough: int, timeout_seconds: float | None = None
    ) -> States:
        """Return once ``enough`` of ``ids`` are final: the final ones, fewer after the timeout.

        Raises:
            InvocationNotFoundError: one of them does not exist.
            WaitCycleError: inside a task, when waiting would close a cycle.
            OwnershipLostError: inside a task that was recovered meanwhile.
            InvocationError: on a loop that a synchronous task runs on its slot's thread.
        """
        deadline = None if timeout_seconds is None else self._clock.monotonic() + timeout_seconds
        ids = list(dict.fromkeys(ids))
        enough = min(enough, len(ids))
        active = get_active()
        if active is not None and active.slot is not None and active.is_on_this_thread():
            raise InvocationError(
                active.invocation_id,
                "awaits on a loop of its own: make the task `async def`, or use `.result`",
            )
        if active is None or active.courier is None:
            return await self._watch(ids, enough, deadline, _ThreadedReads(self._orchestrator))
        with active.waiting():
            return await self._wait_inside(active.claim, active.courier, ids, enough, deadline)

    async def _wait_inside(
        self, claim: Claim, courier: Courier, ids: Sequence[InvocationId], enough: int, deadline: float | None
    ) -> States:
        answer = await courier.step([transitions.pause(claim, ids, enough)], ids)
        entered = answer.moves[-1]
        check_pause(claim.invocation_id, ids, entered)
        if entered.result is not MoveResult.READY:
            try:
                await self._watch(ids, enough, deadline, courier)
            except BaseException:
                # Cancelled, for example by asyncio.timeout(): its code goes on, and must be running to end.
                await courier.step([transitions.resume(claim)], ())
                raise
            answer = await courier.step([transitions.resume(claim)], ids)
            if not answer.moves[-1].accepted:
                raise lost(claim.invocation_id)
        return final_among(ids, answer.states)

    async def _watch(
        self, ids: Sequence[InvocationId], enough: int, deadline: float | None, reads: _Reads
    ) -> States:
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            # The loop may be closed by now; then nobody waits here any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)

        done: States = {}
        signal = Signal(wake)
        with self._wakeups.subscribed(ids, signal, available=False):
            told = False
            while True:
                open_ids = [i for i in (signal.take() if told else ids) if i not in done]
                done.update(final_among(open_ids, (await reads.step((), open_ids)).states))
                late = deadline is not None and self._clock.monotonic() >= deadline
                if late or len(done) >= enough:
                    return done
                told = await self._clock.wait_async(woken, deadline, SAFETY_RECHECK_SECONDS)
                woken.clear()
