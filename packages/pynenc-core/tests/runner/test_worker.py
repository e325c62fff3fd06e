"""What a worker does with answers of a store that are in no order, or not all there is."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from pynenc import Pynenc
from pynenc.backends.mem.orchestrator import MemOrchestrator
from pynenc.exceptions import CommitUnknownError, CorruptDataError, StoreFullError
from pynenc.values.operations import ClaimRequest, Step, StepAnswer
from pynenc.values.status import InvocationStatus

PATIENCE = 30.0


class BackwardsOrchestrator(MemOrchestrator):
    """Gives what is claimed in the order that suits it."""

    def advance(self, step: Step) -> StepAnswer:
        answer = super().advance(step)
        return replace(answer, claims=answer.claims[::-1])


class LateOrchestrator(MemOrchestrator):
    """Carries out the first claim of several only after it was asked what became of it."""

    late: ClassVar[Step | None] = None
    happened: ClassVar[threading.Event]

    def advance(self, step: Step) -> StepAnswer:
        claim = step.claim
        if claim is None or claim.limit == 1 or claim.ids is not None or self.happened.is_set():
            return super().advance(step)
        if not claim.repeated:
            LateOrchestrator.late = step
            raise CommitUnknownError("the answer was lost")
        moves = super().advance(replace(step, claim=None))
        assert self.late is not None
        assert self.late.claim is not None
        if super().advance(Step(claim=self.late.claim)).claims:
            self.happened.set()
        return moves


class AwayOrchestrator(MemOrchestrator):
    """Cannot write for a while what an attempt came to; everything else it answers."""

    away: ClassVar[threading.Event]
    refused: ClassVar[int] = 0

    def advance(self, step: Step) -> StepAnswer:
        if self.away.is_set() and any(move.to is InvocationStatus.SUCCESS for move in step.moves):
            AwayOrchestrator.refused += 1
            raise StoreFullError("there is no room")
        return super().advance(step)


class UnreadableOrchestrator(MemOrchestrator):
    """Cannot read what the first claim asks for."""

    failed: ClassVar[threading.Event]

    def advance(self, step: Step) -> StepAnswer:
        if step.claim is not None and not self.failed.is_set():
            self.failed.set()
            raise CorruptDataError("a stored call is unreadable")
        return super().advance(step)


class GivingOrchestrator(MemOrchestrator):
    """Claims for those that wait."""

    given: ClassVar[list[str]]

    def wait_and_claim(self, claim: ClaimRequest, marker: int, timeout_seconds: float) -> StepAnswer | None:
        if not self.store.wait_for_work(marker, timeout_seconds):
            return None
        answer = self.advance(Step(claim=claim))
        self.given.extend(one.task_id for one in answer.claims)
        return answer if answer.claims else None


@contextmanager
def running(app: Pynenc) -> Iterator[None]:
    thread = threading.Thread(target=app.runner.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        app.runner.stop_runner_loop()
        thread.join(PATIENCE)


def _app(orchestrator: type[MemOrchestrator], **settings: Any) -> Pynenc:
    return Pynenc(
        {
            "app_id": uuid.uuid4().hex,
            "orchestrator_cls": f"{__name__}.{orchestrator.__name__}",
            "broker_cls": "MemBroker",
            "state_backend_cls": "MemStateBackend",
            "runner_cls": "ThreadRunner",
            "threadrunner": {"max_threads": 1},
            "logging_level": "critical",
            **settings,
        }
    )


def nap(number: int) -> int:
    """So long that some of a batch are started with their claim and others later."""
    time.sleep(0.003)
    return number


def test_those_that_are_started_need_not_come_first() -> None:
    app = _app(BackwardsOrchestrator)
    task = app.task(nap)
    with running(app):
        assert task(0).get(PATIENCE) == 0  # from now on it is known how long it takes
        invocations = list(task.parallelize([(n,) for n in range(1, 30)]).invocations)
        assert [one.get(PATIENCE) for one in invocations] == list(range(1, 30))
        assert all(one.history[-1].status == "success" for one in invocations)
    app.close()


def test_what_was_claimed_for_a_worker_that_never_heard_of_it_goes_back() -> None:
    LateOrchestrator.happened = threading.Event()
    app = _app(LateOrchestrator, max_pending_seconds=0.1)
    task = app.task(nap)
    invocations = list(task.parallelize([(n,) for n in range(3)]).invocations)
    with running(app):
        assert LateOrchestrator.happened.wait(PATIENCE)
        assert [one.get(PATIENCE) for one in invocations] == [0, 1, 2]
    app.close()


def test_the_end_of_an_attempt_that_is_long_on_its_way_is_not_taken_for_unknown() -> None:
    AwayOrchestrator.away = threading.Event()
    app = _app(AwayOrchestrator, max_pending_seconds=0.1)
    task = app.task(nap)
    with running(app):
        assert task(0).get(PATIENCE) == 0
        AwayOrchestrator.away.set()
        invocation = task(1)
        deadline = time.monotonic() + PATIENCE
        while AwayOrchestrator.refused < 8:  # with growing pauses that is some seconds: several looks
            assert time.monotonic() < deadline
            time.sleep(0.05)
        AwayOrchestrator.away.clear()
        assert invocation.get(PATIENCE) == 1
        assert [str(entry.status) for entry in invocation.history] == [
            "registered",
            "pending",
            "running",
            "success",
        ]
    app.close()


def test_a_slot_whose_first_claim_fails_goes_on() -> None:
    UnreadableOrchestrator.failed = threading.Event()
    app = _app(UnreadableOrchestrator)
    task = app.task(nap)
    with running(app):
        assert UnreadableOrchestrator.failed.wait(PATIENCE)
        assert task(1).get(PATIENCE) == 1
    app.close()


begun, opened = threading.Event(), threading.Event()


async def doze() -> None:
    begun.set()
    while not opened.is_set():
        await asyncio.sleep(0.001)


def test_one_that_waits_is_given_work_unless_a_coroutine_is_under_way() -> None:
    GivingOrchestrator.given = []
    begun.clear()
    opened.clear()
    app = _app(GivingOrchestrator)
    task, dozing = app.task(nap), app.task(doze)
    with running(app):
        deadline = time.monotonic() + PATIENCE
        while not GivingOrchestrator.given:  # the worker may still be looking for work when it comes
            assert time.monotonic() < deadline
            assert task(1).get(PATIENCE) == 1
        sleeper = dozing()
        assert begun.wait(PATIENCE)
        GivingOrchestrator.given = []
        for number in range(20):
            assert task(number).get(PATIENCE) == number
        assert GivingOrchestrator.given == []
        opened.set()
        sleeper.get(PATIENCE)
    app.close()
