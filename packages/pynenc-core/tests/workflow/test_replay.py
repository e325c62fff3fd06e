"""What is recorded comes back, and is not done again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pynenc.exceptions import InvocationCancelledError
from pynenc.testing import Harness
from pynenc.values.status import InvocationStatus as S

Start = Callable[..., Any]


def test_values_are_the_same_in_every_attempt(start: Start, crash: Any, recover: Any) -> None:
    seen = []

    def body(wf: Any) -> list[Any]:
        values = [wf.random(), wf.uuid(), wf.utc_now(), wf.random(), wf.root.uuid()]
        seen.append(values)
        crash()
        return values

    invocation = start(body)
    recover()
    assert len(seen) == 2
    assert seen[0] == seen[1]
    number, text, now, other, _ = seen[0]
    assert 0 <= number < 1
    assert number != other
    assert str(uuid.UUID(text)) == text
    assert now.tzinfo is UTC
    assert invocation.record.recoveries == 1


def test_the_time_is_that_of_the_first_execution(start: Start, harness: Harness) -> None:
    def body(wf: Any) -> list[datetime]:
        first = wf.utc_now()
        wf.sleep(3600)
        return [first, wf.utc_now()]

    invocation = start(body)
    harness.advance(3600)
    first, second = (datetime.fromisoformat(str(one)) for one in invocation.result)
    assert (second - first).total_seconds() == 3600
    assert first.timestamp() == invocation.record.created_at


def test_children_are_called_once_and_keep_their_ids(
    start: Start, tasks: Any, crash: Any, recover: Any
) -> None:
    seen = []

    def body(wf: Any) -> int:
        one, two = tasks.add(1, 2), wf.execute_task(tasks.add, 1, 2)
        group = tasks.add.parallelize([(n, n) for n in range(3)])
        seen.append([one.invocation_id, two.invocation_id, *group.invocation_map])
        crash("called")
        total = one.result + two.result + sum(group.results)
        crash("done")
        return total + tasks.direct(4)

    invocation = start(body)
    recover()
    recover()
    assert invocation.result == 6 + 6 + 8
    assert seen[0] == seen[1] == seen[2] == [f"{invocation.invocation_id}.{seq}" for seq in range(1, 6)]
    assert sorted(tasks.log) == [
        ("add", 0, 0),
        ("add", 1, 1),
        ("add", 1, 2),
        ("add", 1, 2),
        ("add", 2, 2),
        ("direct", 4),
    ]


def test_results_of_a_group_come_in_the_order_of_the_calls(start: Start, tasks: Any) -> None:
    assert start(lambda wf: list(tasks.add.parallelize([(n, 0) for n in (3, 1, 2)]).results)).result == [
        3,
        1,
        2,
    ]


def test_a_step_is_run_once_whatever_it_returns(start: Start, tasks: Any, crash: Any, recover: Any) -> None:
    def body(wf: Any) -> list[Any]:
        values = [
            wf.run_step(tasks.note, "a", None),
            wf.run_step(tasks.note, "b", 2),
            wf.run_step(tasks.note, "b", 2),
        ]
        crash()
        return values

    invocation = start(body)
    recover()
    assert invocation.result == [None, 2, 2]
    assert tasks.log == [("a", None), ("b", 2), ("b", 2)]


def test_a_step_that_failed_fails_again(start: Start, tasks: Any, crash: Any, recover: Any) -> None:
    def body(wf: Any) -> str:
        try:
            wf.run_step(tasks.fail, "no")
        except ValueError as error:
            crash()
            return str(error)
        return "it passed"

    invocation = start(body)
    recover()
    assert invocation.result == "no"
    assert tasks.log == [("fail", "no")]


def test_a_step_whose_end_was_not_recorded_runs_again(
    start: Start, tasks: Any, crash: Any, recover: Any
) -> None:
    def dies() -> str:
        tasks.log.append("dies")
        crash()
        return "alive"

    invocation = start(lambda wf: wf.run_step(dies))
    recover()
    assert invocation.result == "alive"
    assert tasks.log == ["dies", "dies"]


def test_a_retry_replays(start: Start, tasks: Any) -> None:
    attempts = []

    def body(wf: Any) -> float:
        value: float = wf.random()
        wf.run_step(tasks.note, "step")
        attempts.append(value)
        if len(attempts) == 1:
            raise ConnectionError
        return value

    assert start(body, task="patient").result == attempts[0] == attempts[1]
    assert tasks.log == [("step",)]


def test_workflows_of_one_task_share_nothing(start: Start, harness: Harness) -> None:
    def body(wf: Any) -> list[Any]:
        first = wf.random()
        wf.set_data("mine", first)
        wf.sleep(1)
        return [first, wf.get_data("mine"), wf.random(), wf.identity.workflow_id]

    invocations = [start(body) for _ in range(3)]
    harness.advance(1)
    results = [one.result for one in invocations]
    assert all(result[0] == result[1] for result in results)
    assert len({number for result in results for number in (result[0], result[2])}) == 6
    assert [result[3] for result in results] == [one.invocation_id for one in invocations]


def test_registration_concurrency_gives_the_same_invocation_again(
    start: Start, tasks: Any, crash: Any, recover: Any
) -> None:
    seen = []

    def body(wf: Any) -> int:
        child = tasks.once(1)
        seen.append(child.invocation_id)
        crash()
        return int(child.result)

    waiting = start(body)
    registered = tasks.once(1)
    recover()
    assert waiting.result == 1
    assert seen == [registered.invocation_id] * 2
    assert tasks.log == [("once", 1)]


def test_a_child_that_failed_fails_in_each_attempt(
    start: Start, tasks: Any, crash: Any, recover: Any
) -> None:
    def body(wf: Any) -> str:
        try:
            tasks.broken("it").result  # noqa: B018
        except LookupError as error:
            crash()
            return str(error)
        return "no error"

    invocation = start(body)
    recover()
    assert invocation.result == "it"
    assert tasks.log == [("broken", "it")]


def test_a_replay_reads_pages_and_nothing_one_by_one(
    start: Start, tasks: Any, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    orchestrator = tasks.app.orchestrator
    for name in ("list_operations", "list_records", "get_states", "advance"):
        method = getattr(orchestrator, name)
        monkeypatch.setattr(orchestrator, name, lambda *a, _n=name, _m=method: (reads.append(_n), _m(*a))[1])

    def body(wf: Any) -> float:
        total: float = sum(wf.random() for _ in range(600))
        total += sum(tasks.add(n, 0).result for n in range(50))
        wf.sleep(1)
        return total

    invocation = start(body)
    harness.run_until_idle()
    reads.clear()
    harness.advance(1)
    assert reads.count("list_operations") == 2
    assert reads.count("list_records") == 1
    assert reads.count("get_states") == 0
    assert reads.count("advance") <= 5  # claim, finish, and looking in vain
    assert invocation.status is S.SUCCESS


def test_cancelling_ends_what_it_called(start: Start, tasks: Any, harness: Harness) -> None:
    tasks.bodies["child"] = lambda wf: wf.receive("never")

    def body(wf: Any) -> None:
        tasks.sub("child")
        wf.sleep(3600)

    invocation = start(body)
    harness.run_until_idle()
    assert invocation.cancel(cascade=True, reason="enough")
    (child,) = harness.invocations(tasks.sub)
    assert (invocation.status, child.status) == (S.CANCELLED, S.CANCELLED)
    with pytest.raises(InvocationCancelledError, match="enough"):
        invocation.get()
    assert harness.advance(7200) == 0


def _twenty_operations(wf: Any, tasks: Any, after: Callable[[], None]) -> list[Any]:
    given: list[Any] = []

    def take(value: Any) -> None:
        given.append(value)
        after()

    for _ in range(3):
        take(wf.random())
    take(wf.uuid())
    take(str(wf.utc_now()))
    take(wf.run_step(tasks.note, "nothing", None))
    one = tasks.add(1, 2)
    take(one.invocation_id)
    two = tasks.add(1, 2)
    take(two.invocation_id)
    take(wf.patched("name"))
    take(wf.sleep(1))
    take(one.result + two.result)
    take(wf.run_step(tasks.note, "value", {"a": [1]}))
    take(list(tasks.add.parallelize([(5, 5), (5, 5)]).results))
    take(tasks.direct(7))
    take(wf.receive("go"))
    try:
        wf.receive("never", timeout=1)
    except TimeoutError:
        take("timed out")
    take(wf.execute_task(tasks.add, 8, 8).result)
    take(wf.root.random())
    wf.on_failure(tasks.note, "undo")
    take(wf.run_step(tasks.note, "last", "it"))
    return given


@pytest.mark.parametrize("at", range(1, 20))
def test_a_worker_may_die_after_each_operation(
    start: Start, tasks: Any, harness: Harness, recover: Any, at: int
) -> None:
    died: list[str] = []
    first: dict[str, list[Any]] = {}

    def body(wf: Any) -> list[Any]:
        count = [0]
        name = wf.identity.workflow_id

        def after() -> None:
            count[0] += 1
            if count[0] == at and name not in died:
                died.append(name)
                harness.crash_worker()

        return _twenty_operations(wf, tasks, after)

    invocations = [start(body), start(body)]
    for invocation in invocations:
        invocation.send("go", "message")
    for _ in range(3):
        recover()
    for invocation in invocations:
        assert len(died) == 2
        assert len(invocation.result) == 19
        assert invocation.record.recoveries == 1
        first[invocation.invocation_id] = invocation.result
    one, two = first.values()
    assert not set(map(repr, one[:4])) & set(map(repr, two[:4]))
    assert one[8:17] == two[8:17]
    assert one[17] != two[17]
    assert sorted(map(repr, tasks.log)) == sorted(
        map(
            repr,
            2
            * [
                ("nothing", None), ("value", {"a": [1]}), ("last", "it"), ("direct", 7), ("add", 8, 8),
                *2 * [("add", 1, 2)], *2 * [("add", 5, 5)],
            ],
        )
    )  # fmt: skip
