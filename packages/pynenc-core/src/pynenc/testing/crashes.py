"""Where a worker dies in a test, and memory that takes nothing more from a dead one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import wraps
from typing import Any, NoReturn

from pynenc.backends.mem.orchestrator import MemOrchestrator
from pynenc.engine.registry import TaskDefinition
from pynenc.values.operations import Move, NewInvocation, Step, StepAnswer, SubmitAnswer
from pynenc.values.status import InvocationStatus


class CrashPoint(StrEnum):
    """A moment in the life of an attempt, at which its worker dies."""

    #: The store has given it to the worker; its code has not begun.
    CLAIMED = "claimed"
    #: Its arguments are read and its function is entered, but no line of it has run.
    STARTED = "started"
    #: It waits for other invocations, and the store knows.
    PAUSED = "paused"
    #: Its code has run; the store does not know.
    FINISHED = "finished"
    #: The store knows what became of it; the worker does not know that it does.
    COMMITTED = "committed"


class WorkerCrashed(BaseException):
    """Unwinds the stack of a worker that dies. Tasks should not catch it; if they do, nothing is kept."""


class Mortality:
    """Whether the present worker lives, and where it is to die."""

    def __init__(self) -> None:
        self.dead = False
        #: Where, and in an invocation of which task; None for any.
        self.trap: tuple[CrashPoint, str | None] | None = None

    def require_life(self) -> None:
        """Let only the living go on."""
        if self.dead:
            raise WorkerCrashed

    def reach(self, point: CrashPoint, task_key: str) -> None:
        """Die, if this is where."""
        if self.awaits(point, task_key):
            self.trap = None
            self.die()

    def awaits(self, point: CrashPoint, task_key: str) -> bool:
        """Whether this is where the worker is to die."""
        return self.trap is not None and self.trap[0] is point and self.trap[1] in (None, task_key)

    def die(self) -> NoReturn:
        """Die here."""
        self.dead = True
        raise WorkerCrashed

    def prepare(self, task: TaskDefinition) -> TaskDefinition:
        """The task; or one that dies when its function is entered, if that is where."""
        if not self.awaits(CrashPoint.STARTED, task.key):
            return task

        @wraps(task.func)
        def enter(*_args: Any, **_kwargs: Any) -> None:
            self.reach(CrashPoint.STARTED, task.key)

        return TaskDefinition(task.task_id, enter, task.conf)


class MortalOrchestrator(MemOrchestrator):
    """Memory that knows whether its worker lives."""

    life = Mortality()

    def submit(
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> list[SubmitAnswer]:
        """Register calls; not those of code that only unwinds."""
        self.life.require_life()
        return super().submit(batch, data, enqueue=enqueue)

    def advance(self, step: Step) -> StepAnswer:
        """Carry out a step, and die before or after it where that is asked for."""
        life = self.life
        life.require_life()
        if life.trap is None:
            return super().advance(step)
        for move in filter(_ends_attempt, step.moves):
            life.reach(CrashPoint.FINISHED, self._task_of(move))
        answer = super().advance(step)
        for move, result in zip(step.moves, answer.moves, strict=True):
            if result.accepted and _ends_attempt(move):
                life.reach(CrashPoint.COMMITTED, self._task_of(move))
            elif result.accepted and move.to is InvocationStatus.PAUSED:
                life.reach(CrashPoint.PAUSED, self._task_of(move))
        for claim in answer.claims:
            life.reach(CrashPoint.CLAIMED, claim.task_id)
        return answer

    def _task_of(self, move: Move) -> str:
        return self.get_records([move.invocation_id])[move.invocation_id].task_id


def _ends_attempt(move: Move) -> bool:
    return move.token is not None and move.outcome is not None
