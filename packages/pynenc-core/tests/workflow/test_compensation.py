"""Undoing in reverse order; and workflows that go on from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pynenc.exceptions import WorkflowError
from pynenc.testing import Harness
from pynenc.values.status import InvocationStatus as S

Start = Callable[..., Any]


def test_what_was_done_is_undone_in_reverse_order(start: Start, tasks: Any, harness: Harness) -> None:
    def body(wf: Any) -> None:
        wf.run_step(tasks.note, "reserve")
        wf.on_failure(tasks.note, "release")
        tasks.add(1, 1).result  # noqa: B018
        wf.on_failure(tasks.add, -1, -1)
        wf.on_failure(tasks.note, "refund")
        tasks.broken("ship").result  # noqa: B018

    invocation = start(body)
    harness.run_until_idle()
    with pytest.raises(LookupError, match="ship"):
        invocation.result  # noqa: B018
    assert tasks.log == [
        ("reserve",),
        ("add", 1, 1),
        ("broken", "ship"),
        ("refund",),
        ("add", -1, -1),
        ("release",),
    ]


def test_success_undoes_nothing(start: Start, tasks: Any, harness: Harness) -> None:
    assert start(lambda wf: (wf.on_failure(tasks.note, "undo"), "done")[1]).result == "done"
    assert tasks.log == []


@pytest.mark.parametrize("at", ["refund", "release"])
def test_each_compensation_is_done_once_whatever_dies(
    start: Start, tasks: Any, harness: Harness, crash: Any, recover: Any, at: str
) -> None:
    def undo(what: str) -> None:
        if what == at:
            crash()
        tasks.log.append(what)

    def body(wf: Any) -> None:
        for what in ("release", "refund"):
            wf.on_failure(undo, what)
        tasks.broken("ship").result  # noqa: B018

    invocation = start(body)
    recover()
    assert invocation.status is S.FAILED
    assert tasks.log == [("broken", "ship"), "refund", "release"]


def test_one_that_fails_does_not_stop_the_others(
    start: Start, tasks: Any, harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    def body(wf: Any) -> None:
        wf.on_failure(tasks.note, "first")
        wf.on_failure(tasks.fail, "second")
        wf.on_failure(tasks.broken, "third")
        raise RuntimeError("original")

    invocation = start(body)
    harness.run_until_idle()
    with pytest.raises(RuntimeError, match="original"):
        invocation.result  # noqa: B018
    assert tasks.log == [("broken", "third"), ("fail", "second"), ("first",)]
    assert caplog.text.count("failed; the others go on") == 2


def test_a_failure_that_is_retried_undoes_nothing(start: Start, tasks: Any, harness: Harness) -> None:
    attempts: list[int] = []

    def body(wf: Any) -> str:
        wf.on_failure(tasks.note, "undo")
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError
        return "done"

    assert start(body, task="patient").result == "done"
    assert tasks.log == []


def test_a_cancelled_workflow_undoes_nothing(start: Start, tasks: Any, harness: Harness) -> None:
    invocation = start(lambda wf: (wf.on_failure(tasks.note, "undo"), wf.sleep(60)))
    harness.run_until_idle()
    invocation.cancel()
    harness.advance(60)
    assert tasks.log == []


# -- going on from another one ------------------------------------------------------------------------


def _shop(tasks: Any) -> Callable[[Any], list[Any]]:
    def body(wf: Any) -> list[Any]:
        number = wf.uuid()
        sum_ = tasks.add(1, 2).result
        wf.run_step(tasks.note, "pack")
        told = wf.receive("address")
        if told == "nowhere":
            tasks.broken("ship").result  # noqa: B018
        return [number, sum_, told, wf.receive("address", timeout=1) if told == "twice" else None]

    return body


def _run_shop(start: Start, tasks: Any, harness: Harness, address: str) -> Any:
    invocation = start(_shop(tasks))
    invocation.send("address", address)
    harness.run_until_idle()
    tasks.log.clear()
    return invocation


def test_a_fork_has_done_the_first_operations(start: Start, tasks: Any, harness: Harness) -> None:
    source = _run_shop(start, tasks, harness, "here")
    fork = tasks.app.fork_workflow(source.invocation_id, 3)
    fork.send("address", "there")
    harness.run_until_idle()
    assert fork.result == [*source.result[:2], "there", None]
    assert fork.invocation_id != source.invocation_id
    assert fork.workflow.workflow_id == fork.invocation_id
    assert tasks.log == []


def test_a_fork_needs_nothing_of_its_source(start: Start, tasks: Any, harness: Harness) -> None:
    source = _run_shop(start, tasks, harness, "here")
    fork = tasks.app.fork_workflow(source.invocation_id, 3)
    known = source.result
    tasks.app.orchestrator.delete(
        [*(one.invocation_id for one in harness.invocations(tasks.add)), source.invocation_id]
    )
    fork.send("address", "there")
    harness.run_until_idle()
    assert fork.result == [*known[:2], "there", None]


def test_received_messages_stay_with_the_source(start: Start, tasks: Any, harness: Harness) -> None:
    source = _run_shop(start, tasks, harness, "twice")
    fork = tasks.app.fork_workflow(source.invocation_id, 5)
    fork.send("address", "its own")
    harness.run_until_idle()
    assert fork.result[2:] == ["twice", "its own"]


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5])
def test_a_fork_may_begin_anywhere(start: Start, tasks: Any, harness: Harness, count: int) -> None:
    source = _run_shop(start, tasks, harness, "here")
    fork = tasks.app.fork_workflow(source.invocation_id, count)
    fork.send("address", "there")
    harness.run_until_idle()
    assert (fork.result[0] == source.result[0]) == (count >= 1)
    assert (("add", 1, 2) in tasks.log) == (count < 2)
    assert fork.result[2] == ("here" if count == 5 else "there")


def test_what_failed_is_done_again_by_a_resumed_workflow(start: Start, tasks: Any, harness: Harness) -> None:
    source = _run_shop(start, tasks, harness, "nowhere")
    assert source.status is S.FAILED
    resumed = tasks.app.resume_workflow(source.invocation_id)
    harness.run_until_idle()
    assert resumed.status is S.FAILED
    assert tasks.log == [("broken", "ship")]
    again = tasks.app.resume_workflow(resumed.invocation_id)
    assert again.record.rerun_of == resumed.invocation_id


def test_a_cancelled_workflow_is_resumed_where_it_was(start: Start, tasks: Any, harness: Harness) -> None:
    source = start(_shop(tasks))
    harness.run_until_idle()
    source.cancel()
    tasks.log.clear()
    resumed = tasks.app.resume_workflow(source.invocation_id)
    resumed.send("address", "here")
    harness.run_until_idle()
    assert resumed.result[1:3] == [3, "here"]
    assert tasks.log == []


def test_what_cannot_be_forked_or_resumed(start: Start, tasks: Any, harness: Harness) -> None:
    source = _run_shop(start, tasks, harness, "here")
    with pytest.raises(WorkflowError, match="only one that failed or was cancelled"):
        tasks.app.resume_workflow(source.invocation_id)
    with pytest.raises(ValueError, match="not -1"):
        tasks.app.fork_workflow(source.invocation_id, -1)
    failed = start(lambda wf: wf.run_step(tasks.fail, "step"))
    harness.run_until_idle()
    with pytest.raises(WorkflowError, match=r"operation 1 .* failed .* go on from an operation before it"):
        tasks.app.fork_workflow(failed.invocation_id, 1)


def test_a_fork_does_not_begin_with_a_call_that_goes_on(start: Start, tasks: Any, harness: Harness) -> None:
    tasks.bodies["inner"] = lambda wf: wf.receive("answer")
    source = start(lambda wf: [wf.random(), tasks.flow("inner").invocation_id, wf.receive("go")])
    harness.run_until_idle()
    with pytest.raises(WorkflowError, match=r"operation 2 .* is paused: .* before it, or once it is final"):
        tasks.app.fork_workflow(source.invocation_id, 2)
    assert tasks.app.fork_workflow(source.invocation_id, 1).workflow is not None
