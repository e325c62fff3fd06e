"""A worker without threads: it runs one invocation after the other, on the thread of whoever asks."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Sequence

from pynenc.engine.courier import Courier
from pynenc.engine.current import ActiveInvocation
from pynenc.engine.engine import Engine
from pynenc.engine.registry import TaskDefinition, TaskNotRegisteredError
from pynenc.testing.crashes import Mortality
from pynenc.testing.inline_loop import InlineLoop
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Claim, ClaimRequest, Move, Step, StepAnswer
from pynenc.values.runners import Beat, RunnerIdentity


class InlineSlot:
    """What one thread runs, one invocation inside the other; what waiting needs of it."""

    def __init__(self, worker: InlineWorker) -> None:
        self._worker = worker
        self.depth = 0
        #: Whether this thread carries on the stack of another one, which is blocked meanwhile.
        self.continues = False
        #: Whether another thread carries this stack on.
        self.continued = False

    @property
    def identity(self) -> RunnerIdentity:
        """The worker."""
        return self._worker.identity

    @property
    def may_claim(self) -> bool:
        """It never stops."""
        return True

    def take_unsent(self, *, hand_back: bool) -> tuple[Move, ...]:
        """Everything is written at once."""
        return ()

    def help(self, claim: Claim) -> Move:
        """Run a claimed invocation inside the one that waits."""
        return self._worker.run(claim)

    def park(self) -> bool:
        """There is always another place: to wait is to run what else there is."""
        return True

    def unpark(self) -> None:
        """Nothing was given away."""

    def unknown_tasks(self) -> frozenset[str]:
        """None is left alone."""
        return frozenset()


class InlineWorker:
    """Carries out invocations by the engine's rules until it dies.

    Args:
        engine: The rules and the stores.
        name: Its id.
        life: Says when it dies.
        loop: Runs ``async def`` invocations.
    """

    def __init__(self, engine: Engine, name: str, life: Mortality, loop: InlineLoop) -> None:
        self.engine = engine
        self.identity = RunnerIdentity(
            runner_id=RunnerId(name), runner_cls="Harness", host="harness", pid=os.getpid()
        )
        self._life = life
        self._loop = loop
        self._local = threading.local()
        self._slots: list[InlineSlot] = []
        #: Invocations whose code was begun.
        self.begun = 0
        #: When the next invocation falls due, as of the last time that there was nothing to run.
        self.next_due_at: float | None = None
        self.beat()

    def beat(self) -> None:
        """Say that it lives."""
        self.engine.orchestrator.beat(Beat(alive=(self.identity,)))

    @property
    def slot(self) -> InlineSlot:
        """What the calling thread runs."""
        slot: InlineSlot | None = getattr(self._local, "slot", None)
        if slot is None:
            slot = self._local.slot = InlineSlot(self)
            self._slots.append(slot)
        return slot

    def others_run(self) -> bool:
        """Whether another thread, of the test or of a task, runs invocations."""
        return any(slot.depth and not slot.continued and slot is not self.slot for slot in list(self._slots))

    def run_next(self, ids: Sequence[InvocationId] | None = None) -> bool:
        """Claim and run one invocation; False when there is none.

        Args:
            ids: Only one of these, or of those that they wait for.
        """
        claim = ClaimRequest(
            runner=self.identity,
            token=uuid.uuid4().hex,
            ids=None if ids is None else tuple(ids),
            chain=ids is not None,
        )
        answer = self.engine.advance_surely(Step(claim=claim))
        if not answer.claims:
            due = answer.next_due_seconds
            self.next_due_at = None if due is None else self.engine.orchestrator.store.now() + due
            return False
        move = self.run(answer.claims[0])
        self.engine.advance_surely(Step(moves=(move,)))
        return True

    def run(self, claim: Claim) -> Move:
        """Run a claimed invocation on this thread; returns the move that ends the attempt."""
        executor = self.engine.executor
        try:
            task = self.engine.registry.get(claim.task_id)
        except TaskNotRegisteredError as error:
            return executor.unknown_task(claim, str(error))
        slot = self.slot
        slot.depth += 1
        self.begun += 1
        try:
            move = self._run(slot, claim, self._life.prepare(task), is_async=task.is_async)
        finally:
            slot.depth -= 1
        # The executor makes a failure of whatever is raised; the dead report none.
        self._life.require_life()
        return move

    def _run(self, slot: InlineSlot, claim: Claim, task: TaskDefinition, *, is_async: bool) -> Move:
        executor = self.engine.executor
        if not is_async:
            active = ActiveInvocation(claim, slot, read_last_error=lambda: executor.last_error_of(claim))
            return executor.run(active, task)
        active = ActiveInvocation(
            claim,
            None,
            thread_id=None,
            courier=_InlineCourier(self.engine.advance_surely),
            identity=self.identity,
            read_last_error=lambda: executor.last_error_of(claim),
        )
        return self._loop.run(executor.run_async(active, task), active)


class _InlineCourier(Courier):
    """Carries each step at once: memory does not keep a loop waiting."""

    async def step(self, moves: Sequence[Move], read: Sequence[InvocationId]) -> StepAnswer:
        return self._advance(Step(moves=tuple(moves), read=tuple(read)))
