"""Harness: an app under test, on memory, by a clock that the test moves."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from types import TracebackType
from typing import Any, ClassVar, NoReturn, ParamSpec, Self, TypeVar

from pynenc.app import Pynenc
from pynenc.engine.current import get_active
from pynenc.exceptions import RunnerError
from pynenc.invocation.dist_invocation import DistributedInvocation
from pynenc.task import Task
from pynenc.testing.crashes import CrashPoint, MortalOrchestrator
from pynenc.testing.fake_clock import FakeClock
from pynenc.testing.simulation import Simulation, require_no_loop
from pynenc.values.operations import InvocationQuery

P = ParamSpec("P")
R = TypeVar("R")

_SETTINGS = {
    "orchestrator_cls": f"{MortalOrchestrator.__module__}.{MortalOrchestrator.__qualname__}",
    "broker_cls": "MemBroker",
    "state_backend_cls": "MemStateBackend",
    "client_data_store_cls": "MemClientDataStore",
    "trigger_cls": "MemTrigger",
    "dev_mode_force_sync_tasks": False,
    # Time stands still here, so that what was read once would stay fresh.
    "cached_status_time": 0.0,
}
_PAGE = 500


class Harness:
    """Runs the invocations of an app in the test's own thread, one after another.

    Inside of its ``with`` block the app keeps everything in fresh memory, whatever its settings say, and time
    stands still unless the test, or an invocation that waits, moves it. What is decided (retries, limits, who
    is next, recovery) is decided by the code that decides it in production. Afterwards the app is as before.

    Args:
        app: Any app; its tasks need no change.
        clock: To share one; a new one otherwise.

    Example::

        with Harness(app) as harness:
            invocation = charge(12)
            harness.run_until_idle()
            harness.advance(60)
            assert invocation.status is InvocationStatus.SUCCESS
    """

    _apps: ClassVar[weakref.WeakSet[Pynenc]] = weakref.WeakSet()

    def __init__(self, app: Pynenc, clock: FakeClock | None = None) -> None:
        self.app = app
        self.clock = clock or FakeClock()
        self._simulation = Simulation(self.clock, lambda: app.engine)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self.app in self._apps:
            raise RunnerError(f"{self.app!r} is in a harness already: use that one, or leave it before")
        self._apps.add(self.app)
        self._stack.callback(self._apps.discard, self.app)
        self._stack.enter_context(self.app.overridden(_SETTINGS, self._simulation))
        self._stack.callback(self._simulation.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        trap, self._simulation.life.trap = self._simulation.life.trap, None
        if trap is not None and error is None:
            raise RunnerError(f"the worker was to crash at '{trap[0]}', but did not get there")

    def run_until_idle(self) -> int:
        """Run everything that can run now, in the order in which workers claim; returns how many were run.

        Each attempt counts. What is begun is also finished: when an invocation waits for something that falls
        due later, the clock moves on to that instant. Awaited invocations run on this thread too.

        Raises:
            RunnerError: called inside of a task, on the thread of a running event loop, or outside of the
                block; or an invocation waits for something that can never happen.
        """
        self._require_outside()
        return self._simulation.run_until_idle()

    def advance(self, seconds: float) -> int:
        """Let time pass, and run each thing at the moment it falls due; returns how many were run.

        Raises:
            RunnerError: as for ``run_until_idle``.
            ValueError: time does not go backwards.
        """
        self._require_outside()
        return self._simulation.advance(seconds)

    def crash_worker_at(self, point: CrashPoint | str, task: Task[Any, Any] | None = None) -> None:
        """Have the worker die as by ``kill -9`` the next time it gets to a point of an attempt.

        Nothing that its code still does while it unwinds is kept. Another worker takes over at once; what the
        dead one owned is recovered ``runner_considered_dead_after_minutes`` later.

        Args:
            point: See ``CrashPoint``.
            task: Only in an invocation of this task.

        Raises:
            ValueError: there is no such point.
        """
        self._simulation.life.trap = (CrashPoint(point), None if task is None else task.task_id.key)

    def crash_worker(self) -> NoReturn:
        """Have the worker die right here; for the code of a task, or what a test has it call.

        Raises:
            RunnerError: no task is running here.
        """
        if get_active() is None:
            raise RunnerError("crash_worker() is for code inside of a task: no invocation is running here")
        self._simulation.life.die()

    def invocations(self, task: Task[P, R]) -> list[DistributedInvocation[R]]:
        """Every invocation of a task inside of the block, in order of submission."""
        query = InvocationQuery(task_id=task.task_id.key, limit=_PAGE)
        found = page = self.app.orchestrator.list_records(query)
        while len(page) == _PAGE:
            query = InvocationQuery(task_id=query.task_id, limit=_PAGE, after=page[-1].invocation_id)
            page = self.app.orchestrator.list_records(query)
            found += page
        return [task.handle(record.invocation_id) for record in reversed(found)]

    def _require_outside(self) -> None:
        if self.app not in self._apps:
            raise RunnerError("the harness is not in use: call this inside of its `with` block")
        if get_active() is not None:
            raise RunnerError(
                "called inside of a task, which is run by the harness already: wait with `.result`, or let the "
                "test call it"
            )
        require_no_loop()
