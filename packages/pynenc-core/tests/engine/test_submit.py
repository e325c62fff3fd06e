"""Batches of parallelize: when they are sent, and which of them are registered when the store fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pynenc import Pynenc
from pynenc.backends.mem.orchestrator import MemOrchestrator
from pynenc.backends.sqlite.broker import SQLiteBroker
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.exceptions import StoreUnavailableError
from pynenc.task import Task
from pynenc.testing.faulty_store import Fault, FaultMode, Faults, inject
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation, SubmitAnswer
from pynenc.values.status import InvocationStatus

SIZE = 10


def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def task(app: Pynenc) -> Task[[int], int]:
    return app.task(parallel_batch_size=SIZE)(double)


def registered(app: Pynenc) -> int:
    return app.orchestrator.count_by_status().get(InvocationStatus.REGISTERED, 0)


def test_batches_before_the_one_that_the_store_refuses_are_registered_and_none_after_it(
    app: Pynenc, task: Task[[int], int]
) -> None:
    faults = Faults(Fault(2, FaultMode.ERROR_BEFORE, "orchestrator.submit"))
    inject(app, faults)
    with pytest.raises(StoreUnavailableError):
        task.parallelize([(number,) for number in range(4 * SIZE)])
    assert faults.calls.count("orchestrator.submit") == 2
    assert registered(app) == SIZE


def test_a_batch_whose_answer_is_lost_is_registered_once_and_those_after_it_follow(
    app: Pynenc, task: Task[[int], int]
) -> None:
    inject(app, Faults(Fault(2, FaultMode.ERROR_AFTER, "orchestrator.submit")))
    group = task.parallelize([(number,) for number in range(4 * SIZE)])
    assert len(group.invocation_map) == registered(app) == 4 * SIZE
    assert [invocation.arguments.kwargs["number"] for invocation in group] == list(range(4 * SIZE))


class LateOrchestrator(MemOrchestrator):
    """Works when it is asked for its answer, as a server may."""

    on_their_way = 0
    on_answer: Callable[[], object] = list

    def begin_submit(
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> Callable[[], list[SubmitAnswer]]:
        assert not self.on_their_way
        self.on_their_way += 1

        def answer() -> list[SubmitAnswer]:
            self.on_their_way -= 1
            answers = self.submit(batch, data, enqueue=enqueue)
            self.on_answer()
            return answers

        return answer


def test_a_batch_is_prepared_while_the_one_before_is_on_its_way_and_sent_when_that_is_registered() -> None:
    name = f"{LateOrchestrator.__module__}.{LateOrchestrator.__name__}"
    app = Pynenc({"app_id": uuid.uuid4().hex, "orchestrator_cls": name})
    orchestrator = app.orchestrator
    assert isinstance(orchestrator, LateOrchestrator)
    seen: list[tuple[int, int]] = []

    def items() -> Iterator[tuple[int]]:
        for number in range(3 * SIZE):
            seen.append((orchestrator.on_their_way, registered(app)))
            yield (number,)

    app.task(parallel_batch_size=SIZE)(double).parallelize(items())
    assert seen[::SIZE] == seen[SIZE - 1 :: SIZE] == [(0, 0), (1, 0), (1, SIZE)]
    assert registered(app) == 3 * SIZE
    app.close()


class ReadyBroker(SQLiteBroker):
    """Tells what happened when."""

    def __init__(self, store: SQLiteStore) -> None:
        super().__init__(store)
        self.happened: list[str] = []

    def prepare_push(self, ids: Sequence[InvocationId]) -> Callable[[], None]:
        self.happened.append("prepared")
        return super().prepare_push(ids)

    def push(self, ids: Sequence[InvocationId], *, front: bool = False) -> None:
        self.happened.append("pushed")
        super().push(ids, front=front)


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Pynenc]:
    """Records in memory, and messages in a file."""
    names = {"orchestrator_cls": LateOrchestrator, "broker_cls": ReadyBroker}
    settings = {setting: f"{cls.__module__}.{cls.__name__}" for setting, cls in names.items()}
    app = Pynenc({"app_id": uuid.uuid4().hex, "sqlite_db_path": str(tmp_path / "messages.db"), **settings})
    yield app
    app.close()


def test_a_message_is_made_while_the_call_is_on_its_way_and_sent_when_that_is_registered(
    beside: Pynenc,
) -> None:
    orchestrator, broker = beside.orchestrator, beside.broker
    assert isinstance(orchestrator, LateOrchestrator)
    assert isinstance(broker, ReadyBroker)
    orchestrator.on_answer = lambda: broker.happened.append("registered")
    first = beside.task(double)(1)
    assert broker.happened == ["prepared", "registered", "pushed"]
    assert [delivery.invocation_id for delivery in broker.receive(2, 60.0)] == [first.invocation_id]


def test_a_message_that_was_made_for_a_call_that_is_merged_is_not_sent(beside: Pynenc) -> None:
    task = beside.task(registration_concurrency="arguments")(double)
    first = task(1)
    assert task(1).invocation_id == first.invocation_id
    assert beside.broker.count() == 1
    merged, second, again = task.parallelize([(1,), (2,), (2,)])
    assert merged.invocation_id == first.invocation_id
    assert again.invocation_id == second.invocation_id
    received = beside.broker.receive(9, 60.0)
    assert [delivery.invocation_id for delivery in received] == [first.invocation_id, second.invocation_id]


@pytest.mark.parametrize("mode", [FaultMode.ERROR_AFTER, FaultMode.ERROR_BEFORE])
def test_a_merged_call_whose_answer_is_lost_is_counted_once(app: Pynenc, mode: FaultMode) -> None:
    task = app.task(registration_concurrency="task")(double)
    first = task(1)
    inject(app, Faults(Fault(2, mode, "orchestrator.submit")))
    task(1)
    if mode is FaultMode.ERROR_AFTER:
        assert task(2).invocation_id == first.invocation_id
    else:
        with pytest.raises(StoreUnavailableError):
            task(2)
    (merges,) = app.orchestrator.open_monitor_store().get_merges([first.invocation_id]).values()
    expected = (2, 1) if mode is FaultMode.ERROR_AFTER else (1, 0)
    assert (merges.calls, merges.dropped) == expected
