"""A queue beside the records: what falls due or was lost is pushed, nothing is pushed for no reason, nobody spins."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pynenc import Pynenc
from pynenc.engine import transitions
from pynenc.engine.publisher import Publisher
from pynenc.values.clock import SystemClock
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Claim, ClaimRequest, NewInvocation, Step, StepAnswer
from pynenc.values.records import Outcome, OutcomeKind
from pynenc.values.runners import RunnerIdentity

RUNNER = RunnerIdentity(runner_id=RunnerId("runner"), runner_cls="ThreadRunner", host="here", pid=1)
ERROR = Outcome(OutcomeKind.EXCEPTION, data='"no"', error_type="ValueError", error_msg="no")


class Clock(SystemClock):
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time


class World:
    """Records in a file, messages in memory."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.app = Pynenc(
            {
                "app_id": uuid.uuid4().hex,
                "broker_cls": "MemBroker",
                "orchestrator_cls": "SQLiteOrchestrator",
                "state_backend_cls": "SQLiteStateBackend",
                "sqlite_db_path": str(folder / "records.db"),
            }
        )
        self.app._clock = self.clock
        self.engine = self.app.engine
        self.broker = self.engine.components.broker
        self.leads = True
        self.publisher = Publisher(self.engine.components, lambda: self.leads, 0.05)

    def submit(self, *names: str, delay_seconds: float = 0.0, task_id: str = "app.task") -> None:
        """Without a push: the message is lost."""
        batch = [
            NewInvocation(
                invocation_id=InvocationId(name),
                task_id=task_id,
                args_id="a",
                root_id=InvocationId(name),
                delay_seconds=delay_seconds,
                arguments="{}",
            )
            for name in names
        ]
        self.engine.orchestrator.submit(batch, {}, enqueue=False)

    def claim(self, **fields: object) -> StepAnswer:
        request = ClaimRequest(runner=RUNNER, token=uuid.uuid4().hex, **fields)  # type: ignore[arg-type]
        return self.engine.advance(Step(claim=request))

    def received(self) -> list[str]:
        return [delivery.invocation_id for delivery in self.broker.receive(1000, 0.0)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.app.close()


def test_what_falls_due_is_pushed_once(world: World) -> None:
    world.submit("a", "b", delay_seconds=5)
    assert world.publisher.push_due() == 5
    assert world.broker.count() == 0
    world.clock.time += 5
    assert world.publisher.push_due() is None
    assert world.publisher.push_due() is None
    assert world.received() == ["a", "b"]


def test_more_than_a_batch_falls_due(world: World) -> None:
    world.submit(*(f"n{number}" for number in range(2500)), delay_seconds=5)
    world.clock.time += 5
    world.publisher.push_due()
    assert world.broker.count() == 2500


def test_the_leading_runner_hears_of_what_falls_due_sooner(world: World) -> None:
    world.publisher = Publisher(world.engine.components, lambda: world.leads, 3600)
    world.submit("late", delay_seconds=3000)
    world.publisher.start()
    world.submit("now", delay_seconds=1)
    world.clock.time += 1
    marker = world.broker.store.work_marker()
    world.submit("later", delay_seconds=1)
    if not world.broker.count():
        assert world.broker.store.wait_for_work(marker, 10)
    assert world.received() == ["now"]
    world.publisher.stop()


def test_only_who_leads_pushes(world: World) -> None:
    world.leads = False
    world.submit("a", delay_seconds=1)
    world.clock.time += 1
    world.publisher.start()
    marker = world.broker.store.work_marker()
    assert not world.broker.store.wait_for_work(marker, 0.3)
    world.leads = True
    assert world.broker.store.wait_for_work(marker, 10)
    world.publisher.stop()


def test_what_the_queue_lacks_twice_in_a_row_is_pushed_again(world: World) -> None:
    names = [f"n{number:04}" for number in range(2100)]
    world.submit(*names)
    world.publisher.push_missing()
    assert world.broker.count() == 0
    world.publisher.push_missing()
    assert world.broker.count() == 2100
    world.publisher.push_missing()
    world.publisher.push_missing()
    assert world.broker.count() == 2100


def test_only_as_many_as_lack_are_pushed(world: World) -> None:
    world.submit("lost", "a", "b")
    world.broker.push([InvocationId("a"), InvocationId("b")])
    for _ in range(5):
        world.publisher.push_missing()
    assert world.broker.count() == 3


def test_what_is_not_due_is_not_missing(world: World) -> None:
    world.submit(*(f"n{number}" for number in range(100)), delay_seconds=60)
    world.submit("now")
    world.broker.push([InvocationId("now")])
    for _ in range(3):
        world.publisher.push_missing()
    assert world.broker.count() == 1


def _first(answer: StepAnswer) -> Claim:
    return answer.claims[0]


def test_a_doubled_message_of_a_delayed_retry_is_dropped(world: World) -> None:
    """It is pushed when it falls due; until then nobody is kept busy by it."""
    world.submit("a")
    world.broker.push([InvocationId("a"), InvocationId("a")])
    claim = _first(world.claim())
    world.engine.advance(Step(moves=(transitions.retry(claim, 30.0, ERROR, "no"),)))
    assert world.claim().claims == ()
    assert world.broker.count() == 0
    world.clock.time += 30
    world.publisher.push_due()
    assert _first(world.claim()).invocation_id == "a"


def _parent(world: World) -> Claim:
    """Somebody who runs, with three others behind it in the queue."""
    world.submit("parent", "a", "b", "awaited")
    world.broker.push([InvocationId(name) for name in ("parent", "a", "b", "awaited")])
    claim = _first(world.claim(limit=1))
    world.engine.advance(Step(moves=(transitions.start(claim),)))
    return claim


def test_what_somebody_waits_for_goes_before_all_others(world: World) -> None:
    awaited = InvocationId("awaited")
    pause = transitions.pause(_parent(world), [awaited], 1)
    world.engine.advance(Step(moves=(pause,), read=(awaited,)))
    assert [_first(world.claim(limit=1)).invocation_id for _ in range(3)] == ["awaited", "a", "b"]


def test_what_the_one_who_waits_takes_itself_is_not_sent_again(world: World) -> None:
    awaited = InvocationId("awaited")
    pause = transitions.pause(_parent(world), [awaited], 1)
    helped = ClaimRequest(runner=RUNNER, token=uuid.uuid4().hex, ids=(awaited,))
    answer = world.engine.advance(Step(moves=(pause,), claim=helped, read=(awaited,)))
    assert _first(answer).invocation_id == awaited
    assert world.broker.count() == 3


def test_waiting_again_for_the_same_sends_nothing_again(world: World) -> None:
    parent, awaited = _parent(world), InvocationId("awaited")
    for _ in range(2):
        world.engine.advance(Step(moves=(transitions.pause(parent, [awaited], 1),), read=(awaited,)))
        assert world.broker.count() == 4
        world.engine.advance(Step(moves=(transitions.resume(parent),)))


def test_of_many_that_one_waits_for_the_first_ones_go_before_all_others(world: World) -> None:
    parent, names = _parent(world), tuple(InvocationId(f"n{number}") for number in range(1000))
    world.submit(*names)
    world.engine.advance(Step(moves=(transitions.pause(parent, names, len(names)),), read=names))
    ahead = world.broker.count() - 3
    assert 0 < ahead < 100
    assert world.received()[:ahead] == list(names[:ahead])


def test_a_wait_that_is_refused_sends_nothing(world: World) -> None:
    parent = _parent(world)
    pause = transitions.pause(parent, [parent.invocation_id, InvocationId("a")], 2)
    world.engine.advance(Step(moves=(pause,), read=(InvocationId("a"),)))
    assert world.broker.count() == 3


def _wait(world: World, *, may_claim: bool = True) -> StepAnswer | None:
    request = ClaimRequest(runner=RUNNER, token=uuid.uuid4().hex)
    marker = world.broker.store.work_marker()
    answers: list[StepAnswer | None] = []
    thread = threading.Thread(
        target=lambda: answers.append(
            world.engine.wait_and_claim(
                request, marker, 30.0, may_claim=lambda: may_claim, give_up=lambda: False
            )
        )
    )
    thread.start()
    world.broker.push([InvocationId("a")])
    thread.join(30.0)
    return answers[0]


def test_one_that_waits_is_given_what_arrives(world: World) -> None:
    world.submit("a")
    answer = _wait(world)
    assert answer is not None
    assert [claim.invocation_id for claim in answer.claims] == ["a"]
    assert world.broker.count() == 0


def test_one_that_is_to_take_nothing_more_while_it_waits_leaves_what_arrives_to_others(world: World) -> None:
    world.submit("a")
    assert _wait(world, may_claim=False) is None
    assert world.received() == ["a"]


def test_one_that_is_woken_for_nothing_looks_again_itself(world: World) -> None:
    assert _wait(world) is None  # nobody knows what the message is about
    assert world.broker.count() == 0


def test_messages_for_others_are_left_to_them(world: World) -> None:
    world.submit("a", task_id="app.unknown")
    world.broker.push([InvocationId("a")])
    excluded = frozenset({"app.unknown"})
    pauses = []
    for _ in range(3):
        answer = world.claim(exclude_tasks=excluded)
        assert answer.claims == ()
        assert world.broker.count() == 1
        again = world.claim(exclude_tasks=excluded)
        assert again.next_due_seconds is not None
        pauses.append(again.next_due_seconds)
        threading.Event().wait(again.next_due_seconds)
    assert pauses == sorted(pauses)
    assert pauses[0] <= 0.01
    deadline = time.monotonic() + 10
    while not (answer := world.claim()).claims:
        assert time.monotonic() < deadline
    assert _first(answer).invocation_id == "a"
