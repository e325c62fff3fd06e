"""The one place of a process that runs one invocation: given back while it waits, asked for to go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pynenc.engine.courier import Courier
from pynenc.runner.bootstrap import Reporter
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move, Step, StepAnswer
from pynenc.values.status import InvocationStatus


class SupervisedPlace:
    """What the supervisor knows about this process's place.

    Args:
        reporter: Carries what is said to the supervisor.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._granted = threading.Event()
        self._lock = threading.Lock()
        self._waits = 0  # guarded by self._lock
        self._free = False  # guarded by self._lock

    def give(self) -> None:
        """The invocation waits: another process may have the place."""
        with self._lock:
            self._waits += 1
            if self._waits == 1 and not self._free:
                self._reporter.send(place="given")

    def take(self) -> None:
        """The invocation goes on: block until there is a place."""
        with self._lock:
            self._waits -= 1
            if self._waits or self._free:
                return
            self._granted.clear()
            self._reporter.send(place="wanted")
        self._granted.wait()

    def grant(self) -> None:
        """The supervisor gave the place."""
        self._granted.set()

    def release_all(self) -> None:
        """The supervisor stops or is gone: nobody waits for places any more."""
        with self._lock:
            self._free = True
        self._granted.set()


class YieldingCourier(Courier):
    """A courier for coroutines that give the process's place back while they wait."""

    def __init__(self, advance: Callable[[Step], StepAnswer], place: SupervisedPlace) -> None:
        super().__init__(advance)
        self._place = place

    async def step(self, moves: Sequence[Move], read: Sequence[InvocationId]) -> StepAnswer:
        """Carry out moves and reads; with a pause the place is given, before a resumption it is taken."""
        if any(InvocationStatus.RESUMED in move.via for move in moves):
            assert self._loop is not None
            await self._loop.run_in_executor(None, self._place.take)
        answer = await super().step(moves, read)
        for move, result in zip(moves, answer.moves, strict=True):
            if move.to is InvocationStatus.PAUSED and result.accepted:
                self._place.give()
        return answer
