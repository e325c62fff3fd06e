"""A call returns what the function returns, and raises what it raises, wherever it ran."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.behaviour.conftest import RunningApp

from pynenc.exceptions import InvocationNotFoundError, RemoteError, ResultTimeoutError, SerializationError
from pynenc.invocation import InvocationStatus
from pynenc.values.status import is_legal_history

TIMEOUT = 30


def test_a_result_comes_back(running: RunningApp) -> None:
    invocation = running.tasks.add(1, y=2)
    assert invocation.get(TIMEOUT) == 3
    assert invocation.status is InvocationStatus.SUCCESS
    assert [entry.status.value for entry in invocation.history] == [
        "registered",
        "pending",
        "running",
        "success",
    ]


def test_typed_values_come_back_as_what_they_were(running: RunningApp) -> None:
    point = running.tasks.Point(3, "a")
    assert running.tasks.shift(point, 4).get(TIMEOUT) == running.tasks.Point(7, "a")


def test_large_values_come_back(running: RunningApp) -> None:
    text = "x" * 100_000
    assert running.tasks.echo(text).get(TIMEOUT) == text


def test_an_exception_comes_back_as_itself_with_its_remote_traceback(running: RunningApp) -> None:
    with pytest.raises(running.tasks.Unlucky) as caught:
        running.tasks.unlucky(7).get(TIMEOUT)
    assert (caught.value.code, caught.value.why) == (7, "just so")
    assert "in unlucky" in str(caught.value.__cause__)


def test_a_failed_dependency_raises_its_own_exception_in_the_waiter(running: RunningApp) -> None:
    assert running.tasks.passes_it_on(5).get(TIMEOUT) == "caught 5 just so"


def test_a_result_that_cannot_be_stored_fails_with_the_path_to_it(running: RunningApp) -> None:
    invocation = running.tasks.not_serializable()
    with pytest.raises(SerializationError, match=r"inner"):
        invocation.get(TIMEOUT)
    assert invocation.status is InvocationStatus.FAILED


def test_an_argument_that_cannot_be_stored_registers_nothing(running: RunningApp) -> None:
    with pytest.raises(SerializationError, match="value"):
        running.tasks.echo(object())
    assert running.app.orchestrator.count_by_status() == {}


def test_wrong_arguments_fail_at_the_call_with_the_signature(running: RunningApp) -> None:
    with pytest.raises(TypeError, match=r"add\(x: .*int.*, y: .*int.* = 1\)"):
        running.tasks.add()
    assert running.app.orchestrator.count_by_status() == {}


def test_a_task_that_exits_only_fails(running: RunningApp) -> None:
    with pytest.raises(RemoteError, match="SystemExit"):
        running.tasks.leaves(3).get(TIMEOUT)
    assert running.tasks.add(1, 1).get(TIMEOUT) == 2


def test_a_result_with_a_timeout_leaves_the_invocation_alone(running: RunningApp, tmp_path) -> None:
    gate = tmp_path / "gate"
    invocation = running.tasks.waits_for_file(str(gate))
    with pytest.raises(ResultTimeoutError):
        invocation.get(0.05)
    assert not invocation.wait(0.05)
    gate.write_text("open")
    assert invocation.get(TIMEOUT) == "open"


def test_an_unknown_id_is_an_error(running: RunningApp) -> None:
    with pytest.raises(InvocationNotFoundError, match="no-such-id"):
        running.app.get_invocation("no-such-id")


def test_an_invocation_can_be_passed_as_an_argument(running: RunningApp) -> None:
    assert running.tasks.uses(running.tasks.add(2, 3)).get(TIMEOUT) == 50


def test_a_handle_is_found_again_by_its_id(running: RunningApp) -> None:
    invocation = running.tasks.add(4, 4)
    again = running.app.get_invocation(invocation.invocation_id)
    assert again == invocation
    assert again.get(TIMEOUT) == 8
    assert again.arguments.kwargs == {"x": 4, "y": 4}


def test_a_rerun_is_a_new_invocation_of_the_same_call(running: RunningApp) -> None:
    first = running.tasks.add(4, 4)
    first.get(TIMEOUT)
    second = running.app.rerun(first.invocation_id)
    assert second != first
    assert second.get(TIMEOUT) == 8
    assert second.record.rerun_of == first.invocation_id


def test_a_call_is_repeated_as_it_was_registered_and_once_for_each_id(
    sample: RunningApp, tmp_path: Path
) -> None:
    engine = sample.app.engine
    log = str(tmp_path / "log")
    firsts = [
        sample.tasks.add(4, 4),
        sample.tasks.two_at_a_time(log, 1),
        sample.tasks.merged_while_waiting("a", 1),
        sample.tasks.rest(3),
        sample.tasks.echo("x" * 100_000),
    ]
    sample.start()
    results = [first.get(TIMEOUT) for first in firsts]
    repeats = []
    for first in firsts:
        record, new_id = engine.get_record(first.invocation_id), engine.submitter.reserve_id()
        repetition = engine.submitter.repetition_of(record, new_id)
        answers = [engine.submitter.repeat([repetition])[0] for _ in range(2)]
        assert [(one.invocation_id, one.created) for one in answers] == [(new_id, True), (new_id, False)]
        repeats.append(sample.app.get_invocation(new_id))
    assert [repeat.get(TIMEOUT) for repeat in repeats] == results
    again = [engine.submitter.repetition_of(one.record, engine.submitter.reserve_id()) for one in repeats]
    answers = engine.submitter.repeat(again)
    assert [one.invocation_id for one in answers] == [one.invocation_id for one in again]
    for first, repeat in zip(firsts, repeats, strict=True):
        before, after = first.record, repeat.record
        assert after.rerun_of == before.invocation_id
        assert after.root_id == after.invocation_id
        assert (after.workflow_id == after.invocation_id) == (before.workflow_id == before.invocation_id)
        for name in ("task_id", "args_id", "args_preview", "args_bytes", "cc_key", "cc_limit", "cc_park"):
            assert getattr(after, name) == getattr(before, name), name


def test_groups_give_results_in_order_of_calls_and_of_completion(running: RunningApp) -> None:
    group = running.tasks.add.parallelize([(i, 0) for i in range(250)])
    assert group.get(TIMEOUT) == list(range(250))
    again = running.tasks.add.parallelize([{"x": i} for i in range(20)], common_args={"y": 5})
    assert sorted(again.results) == list(range(5, 25))
    assert running.tasks.add.parallelize([]).get(TIMEOUT) == []


def test_every_history_is_a_walk_through_the_table(running: RunningApp) -> None:
    invocations = [running.tasks.fib(5), running.tasks.succeeds_at(3), running.tasks.passes_it_on(1)]
    for invocation in invocations:
        invocation.wait(TIMEOUT)
        history = invocation.history
        assert is_legal_history(entry.status for entry in history)
        assert [entry.seq for entry in history] == list(range(1, len(history) + 1))


def test_what_is_gone_is_missed_without_waiting_for_it(sample: RunningApp) -> None:
    invocation = sample.tasks.add(1, 1)
    assert invocation.wait(0) is False
    sample.app.purge()
    with pytest.raises(InvocationNotFoundError, match=invocation.invocation_id):
        invocation.wait(0)
