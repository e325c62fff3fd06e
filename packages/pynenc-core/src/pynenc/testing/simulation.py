"""What happens next: invocations that can run, invocations that fall due, dead workers that are noticed."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pynenc.engine.current import ActiveInvocation, get_active
from pynenc.engine.engine import Engine
from pynenc.engine.reactor import Reactor
from pynenc.exceptions import RunnerError
from pynenc.testing.crashes import Mortality, MortalOrchestrator, WorkerCrashed
from pynenc.testing.fake_clock import FakeClock
from pynenc.testing.inline_loop import InlineLoop
from pynenc.testing.inline_worker import InlineSlot, InlineWorker
from pynenc.values.bell import Bell
from pynenc.values.ids import RunnerId

#: Sums of fractions may miss an instant by this much.
_ROUNDING_SECONDS = 1e-6
#: What other threads do takes real time.
_OTHER_THREADS_SECONDS = 0.001


class Simulation:
    """The clock of an app under test: whoever waits for it has everything else happen meanwhile.

    Args:
        clock: What time it is.
        engine: The rules, on memory, of the app under test.
    """

    def __init__(self, clock: FakeClock, engine: Callable[[], Engine]) -> None:
        self.now = clock.now
        self.monotonic = clock.monotonic
        self._clock = clock
        self._engine = engine
        self.life = Mortality()
        self._loop = InlineLoop(self._go_on)
        self._worker: InlineWorker | None = None
        #: Of the worker's engine: lets triggers react.
        self._reactor: Reactor | None = None
        self._workers = 0
        #: Invocations that were begun by all workers so far.
        self._begun = 0
        #: When each dead worker is noticed.
        self._dead: dict[RunnerId, float] = {}
        #: Why something that waits can never go on; raised once nothing runs any more.
        self._stuck: RunnerError | None = None
        self._pause = threading.Event()

    # -- the clock ------------------------------------------------------------------------------------

    def wait(self, bell: Bell, deadline: float | None, recheck_seconds: float) -> bool:
        """Let everything happen that can, until the bell is rung."""
        require_no_loop()
        while not bell.wait(0):
            if deadline is not None and self.monotonic() >= deadline:
                return False
            self._go_on(get_active(), deadline)
        return True

    async def wait_async(self, event: asyncio.Event, deadline: float | None, recheck_seconds: float) -> bool:
        """The same, for coroutines of invocations and of tests."""
        active = get_active()
        if active is not None:
            return await self._loop.wait(active, event, deadline, self.monotonic)
        while not event.is_set():
            if deadline is not None and self.monotonic() >= deadline:
                return False
            await asyncio.to_thread(self._go_on, None, deadline)
            await asyncio.sleep(0)  # what was reported from the other thread arrives
        return True

    # -- the world ------------------------------------------------------------------------------------

    def run_until_idle(self) -> int:
        """Run what can run at this moment; returns how many invocations were begun."""
        before = self._total_begun()
        while self._run_one(None):
            pass
        return self._total_begun() - before

    def advance(self, seconds: float) -> int:
        """Let time pass, stopping wherever something falls due; returns how many invocations were begun."""
        end = self.monotonic() + seconds
        begun = self.run_until_idle()
        while (next_at := self._next_at()) is not None and next_at <= end + _ROUNDING_SECONDS:
            self._clock.advance(max(0.0, next_at - self.monotonic()))
            begun += self.run_until_idle()
        self._clock.advance(max(0.0, end - self.monotonic()))
        return begun + self.run_until_idle()

    def close(self) -> None:
        """Release the event loop."""
        self._loop.close()

    def _living(self) -> InlineWorker:
        engine = self._engine()
        worker = self._worker
        if worker is None or worker.engine is not engine:
            orchestrator = engine.orchestrator
            assert isinstance(orchestrator, MortalOrchestrator)
            orchestrator.life = self.life
            self._workers += 1
            self._begun = self._total_begun()
            worker = self._worker = InlineWorker(engine, f"worker-{self._workers}", self.life, self._loop)
            self._reactor = engine.reactor(worker.identity.runner_id)
        return worker

    def _total_begun(self) -> int:
        return self._begun + (self._worker.begun if self._worker else 0)

    def _run_one(self, waiter: ActiveInvocation | None) -> bool:
        """Run one invocation, at first one that the waiter needs; False when none can run now."""
        self._notice_dead()
        worker = self._living()
        assert self._reactor is not None
        worker.beat()
        # Not on behalf of whatever runs further out on this stack.
        if contextvars.Context().run(self._reactor.run_pass):
            return True
        slot = worker.slot
        outermost = slot.depth == 0 and not slot.continues
        try:
            if waiter is not None:
                needed = worker.engine.orchestrator.get_waits().get(waiter.invocation_id)
                if needed and worker.run_next(needed):
                    return True
            ran = worker.run_next()
        except WorkerCrashed:
            if not outermost:
                raise
            self._bury(worker)
            ran = True
        if outermost and self._stuck is not None:
            error, self._stuck = self._stuck, None
            raise error
        return ran

    def _run_one_on_new_stack(self, slot: InlineSlot, waiter: ActiveInvocation | None) -> bool:
        """Recursion goes as deep as it may in production, where deep waits are parked on threads."""

        def run() -> bool:
            self._living().slot.continues = True
            return self._run_one(waiter)

        slot.continued = True
        try:
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(run).result()
        finally:
            slot.continued = False

    def _bury(self, worker: InlineWorker) -> None:
        self._begun = self._total_begun()
        self._worker = None
        self.life.dead = False
        minutes = worker.engine.components.conf.runner_considered_dead_after_minutes
        self._dead[worker.identity.runner_id] = self.monotonic() + minutes * 60

    def _notice_dead(self) -> None:
        noticed = [runner_id for runner_id, at in self._dead.items() if at <= self.monotonic()]
        if noticed:
            for runner_id in noticed:
                del self._dead[runner_id]
            self._engine().recovery.recover(noticed, "no sign of life from its runner")

    def _next_at(self) -> float | None:
        """When something can happen by time alone, by the monotonic clock; None when nothing can."""
        instants = [at for at in (self._next_work_at(), self._next_tick_at()) if at is not None]
        return min(instants, default=None)

    def _next_work_at(self) -> float | None:
        """When an invocation can go on by time alone."""
        due_at = self._living().next_due_at
        instants = list(self._dead.values())
        if due_at is not None:
            instants.append(self.monotonic() + due_at - self.now())
        return min(instants, default=None)

    def _next_tick_at(self) -> float | None:
        """When a schedule is due."""
        self._living()
        assert self._reactor is not None
        due = self._reactor.next_due()
        return None if due is None else self.monotonic() + due - self.now() + _ROUNDING_SECONDS

    def _go_on(self, waiter: ActiveInvocation | None, deadline: float | None) -> None:
        """Let one thing happen: an invocation runs, or time passes."""
        worker = self._living()
        if worker.slot.depth < worker.engine.components.conf.max_help_depth:
            ran = self._run_one(waiter)
        else:
            ran = self._run_one_on_new_stack(worker.slot, waiter)
        if ran:
            return
        if worker.others_run():
            self._pause.wait(_OTHER_THREADS_SECONDS)
            return
        instants = [at for at in (self._next_work_at(), deadline) if at is not None]
        if not instants:  # schedules go on for ever, and let nobody go on who waits
            self._stuck = RunnerError(_explain(waiter))
            raise self._stuck
        if (tick_at := self._next_tick_at()) is not None:
            instants.append(tick_at)
        self._clock.advance(max(0.0, min(instants) - self.monotonic()))


def require_no_loop() -> None:
    """Refuse to run invocations on the thread of a running event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RunnerError(
        "a harness cannot run invocations on the thread of a running event loop: `await "
        "invocation.async_result()`, or `await asyncio.to_thread(harness.run_until_idle)`"
    )


def _explain(waiter: ActiveInvocation | None) -> str:
    who = "the test" if waiter is None else f"invocation '{waiter.invocation_id}' ({waiter.claim.task_id})"
    return (
        f"{who} waits for something that can never happen here: nothing can run, and nothing falls due. A harness "
        "runs one invocation inside the other, so it may wait for one that is further out on the same stack"
    )
