"""The event loop of a worker: runs ``async def`` invocations, and writes their moves in batches."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Sequence

from pynenc.engine import transitions
from pynenc.engine.courier import Courier
from pynenc.engine.current import ActiveInvocation
from pynenc.engine.engine import Engine
from pynenc.engine.registry import TaskDefinition
from pynenc.runner.places import SupervisedPlace, YieldingCourier
from pynenc.runner.watchdog import Watched
from pynenc.values.operations import Claim, Move
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)


class AsyncSlots:
    """Places for coroutines on one loop, opened with the first of them.

    Args:
        engine: The rules.
        identity: The worker that owns what runs here.
        size: How many invocations run at once.
        interrupt: Called when a place became free after none was.
    """

    def __init__(
        self, engine: Engine, identity: RunnerIdentity, size: int, interrupt: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._identity = identity
        self._size = size
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._running: dict[str, Watched] = {}  # guarded by self._lock
        self._empty = threading.Condition(self._lock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._courier: Courier = Courier(engine.advance_surely)
        self._tasks: set[asyncio.Task[None]] = set()  # only touched on the loop

    @property
    def free(self) -> int:
        """How many more invocations may start."""
        return max(0, self._size - len(self._running))

    @property
    def busy(self) -> int:
        """How many run."""
        return len(self._running)

    def ask_for_places(self, place: SupervisedPlace) -> None:
        """Have coroutines give the process's place back while they wait; before the first of them runs."""
        self._courier = YieldingCourier(self._engine.advance_surely, place)

    def running(self) -> list[Watched]:
        """What runs now."""
        with self._lock:
            return list(self._running.values())

    def start(self, claim: Claim, task: TaskDefinition) -> None:
        """Run a claimed and started invocation on the loop; returns at once."""
        executor = self._engine.executor
        active = ActiveInvocation(
            claim,
            None,
            thread_id=None,
            courier=self._courier,
            identity=self._identity,
            read_last_error=lambda: executor.last_error_of(claim),
        )
        watched = Watched(active, task.conf)
        with self._lock:
            self._running[claim.invocation_id] = watched
            loop = self._loop or self._open()
        loop.call_soon_threadsafe(self._spawn, watched, task)

    def stop(self, grace_seconds: float) -> bool:
        """Wait for what runs; False if something still does after the grace."""
        with self._empty:
            ended = self._empty.wait_for(lambda: not self._running, grace_seconds)
            loop = self._loop
        if loop is not None and ended:
            self._courier.close()
            loop.call_soon_threadsafe(loop.stop)
        return ended

    def _open(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.new_event_loop()
        self._courier.start(self._loop)
        threading.Thread(target=self._loop.run_forever, name="pynenc-async", daemon=True).start()
        return self._loop

    def _spawn(self, watched: Watched, task: TaskDefinition) -> None:
        # The context is made here, so that nothing of the loop's own leaks into the invocation.
        assert self._loop is not None
        coroutine = self._run(watched.active, task)
        running = self._loop.create_task(coroutine, context=contextvars.Context())
        watched.coroutine = running
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    async def _run(self, active: ActiveInvocation, task: TaskDefinition) -> None:
        claim = active.claim
        try:
            move = await self._engine.executor.run_async(active, task)
        except Exception as error:  # boundary: a claim must not be held by an error of ours
            logger.exception("invocation:%s could not be run", claim.invocation_id)
            move = transitions.hand_back(claim, ran=True, reason=repr(error)[:200])
        try:
            await self._finish(claim, [move])
        finally:
            self._ended(claim)

    async def _finish(self, claim: Claim, moves: Sequence[Move]) -> None:
        answer = await self._courier.step(moves, ())
        if not answer.moves[-1].accepted:
            logger.warning(
                "invocation:%s was taken from this worker: its late end is discarded", claim.invocation_id
            )

    def _ended(self, claim: Claim) -> None:
        with self._empty:
            was_full = len(self._running) >= self._size
            self._running.pop(claim.invocation_id, None)
            self._empty.notify_all()
        if was_full:
            self._interrupt()
