"""Sleeping and waiting without a worker; messages and events."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pynenc.engine.current import ActiveInvocation
from pynenc.engine.workflow_journal import Journal
from pynenc.engine.workflow_replay import WorkflowReplay
from pynenc.exceptions import WorkflowNotFoundError, WorkflowTimeoutError
from pynenc.testing import Harness
from pynenc.values.status import InvocationStatus as S

Start = Callable[..., Any]


@pytest.mark.parametrize("duration", [90, 90.0, timedelta(seconds=90)])
def test_a_sleep_ends_when_it_is_over(start: Start, tasks: Any, harness: Harness, duration: Any) -> None:
    def body(wf: Any) -> str:
        wf.run_step(tasks.note, "before")
        wf.sleep(duration)
        wf.run_step(tasks.note, "after")
        return "awake"

    invocation = start(body)
    assert harness.run_until_idle() == 1
    record = invocation.record
    assert (record.status, record.token) == (S.PAUSED, None)
    assert harness.advance(89.9) == 0
    assert harness.advance(0.1) == 1
    assert invocation.result == "awake"
    assert tasks.log == [("before",), ("after",)]
    assert (record.retries, record.recoveries, record.reroutes) == (0, 0, 0)
    assert [entry.status for entry in invocation.history] == [
        S.REGISTERED, S.PENDING, S.RUNNING, S.PAUSED, S.RESUMED, S.PENDING, S.RUNNING, S.SUCCESS,
    ]  # fmt: skip


def test_finally_blocks_run_and_no_except_exception_stops_it(
    start: Start, tasks: Any, harness: Harness
) -> None:
    def body(wf: Any) -> str:
        try:
            wf.sleep(1)
        except Exception:
            return "caught"
        finally:
            tasks.log.append("finally")
        return "passed"

    invocation = start(body)
    harness.advance(1)
    assert invocation.result == "passed"
    assert tasks.log == ["finally", "finally"]


def test_swallowing_everything_does_not_keep_it_awake(start: Start, harness: Harness) -> None:
    def body(wf: Any) -> str:
        try:
            wf.sleep(5)
        except BaseException:
            return "swallowed"
        return "passed"

    invocation = start(body)
    harness.run_until_idle()
    assert invocation.status is S.PAUSED
    harness.advance(5)
    assert invocation.result == "passed"


def test_whoever_waits_for_a_sleeping_workflow_gets_its_result(
    start: Start, tasks: Any, harness: Harness
) -> None:
    tasks.bodies["sleeps"] = lambda wf: (wf.sleep(60), "rested")[1]

    def body(wf: Any) -> str:
        return str(tasks.sub("sleeps").result) + " and told"

    invocation = start(body)
    harness.run_until_idle()
    assert invocation.result == "rested and told"
    assert harness.clock.monotonic() == 60


def test_a_message_is_received_once_in_order(start: Start, harness: Harness) -> None:
    def body(wf: Any) -> list[Any]:
        return [wf.receive("a"), wf.receive("b"), wf.receive("a"), wf.receive("a")]

    invocation = start(body)
    invocation.send("a", 1)  # before it has begun
    invocation.send("a", None)
    harness.run_until_idle()
    assert invocation.status is S.PAUSED
    invocation.send("b", {"x": [1, 2]})
    harness.run_until_idle()
    assert invocation.status is S.PAUSED
    invocation.send("a", "last")
    harness.run_until_idle()
    assert invocation.result == [1, {"x": [1, 2]}, None, "last"]


def test_messages_of_other_names_wake_nobody(start: Start, harness: Harness) -> None:
    invocation = start(lambda wf: wf.receive("a"))
    harness.run_until_idle()
    invocation.send("b")
    assert harness.run_until_idle() == 0


def test_what_does_not_come_in_time(start: Start, tasks: Any, harness: Harness) -> None:
    def body(wf: Any) -> list[Any]:
        try:
            wf.receive("a", timeout=60)
        except WorkflowTimeoutError as error:
            first = str(error)
        wf.sleep(1)
        return [first, wf.receive("a", timeout=timedelta(minutes=1))]

    invocation = start(body)
    harness.advance(60)
    invocation.send("a", "late")
    harness.advance(1)
    assert invocation.result == ["'received a' did not come in time", "late"]


def test_a_workflow_sends_once(start: Start, tasks: Any, harness: Harness, crash: Any, recover: Any) -> None:
    receiver = start(lambda wf: [wf.receive("go"), wf.receive("go", timeout=100)], name="receiver")

    def body(wf: Any) -> str:
        wf.send(receiver.invocation_id, "go", "hello")
        crash()
        return "sent"

    sender = start(body, name="sender")
    recover()
    assert sender.result == "sent"
    harness.advance(200)
    with pytest.raises(WorkflowTimeoutError):
        receiver.result  # noqa: B018


def test_members_and_outsiders_send_too(start: Start, tasks: Any, harness: Harness) -> None:
    receiver = start(lambda wf: wf.receive("go"), name="receiver")
    tasks.bodies["sends"] = lambda wf: wf.send(receiver.invocation_id, "go", 5)
    tasks.member("sends")
    harness.run_until_idle()
    assert receiver.result == 5


def test_a_message_to_nobody_is_an_error_in_each_attempt(
    start: Start, tasks: Any, harness: Harness, crash: Any, recover: Any
) -> None:
    done = start(lambda wf: None, name="done")
    harness.run_until_idle()
    with pytest.raises(WorkflowNotFoundError, match="go"):
        done.send("go")
    seen = []

    def body(wf: Any) -> str:
        for target in (done.invocation_id, "nobody"):
            try:
                wf.send(target, "go")
            except WorkflowNotFoundError as error:
                seen.append(str(error))
        crash()
        return "went on"

    invocation = start(body)
    recover()
    assert invocation.result == "went on"
    assert seen[:2] == seen[2:]


def test_an_event_is_that_of_the_filter(start: Start, tasks: Any, harness: Harness) -> None:
    emit = tasks.app.engine.workflows.emit

    def body(wf: Any) -> list[Any]:
        return [
            wf.wait_event("paid", {"order": 7}),
            wf.wait_event("paid", lambda payload: payload["sum"] > 5),
        ]

    emit("e0", "paid", {"order": 7, "sum": 0})  # nobody waits yet
    invocation = start(body)
    harness.run_until_idle()
    emit("e1", "paid", {"order": 8, "sum": 100})
    emit("e2", "other", {"order": 7})
    harness.run_until_idle()
    assert invocation.status is S.PAUSED
    assert emit("e3", "paid", {"order": 7, "sum": 1}) == 1
    emit("e3", "paid", {"order": 7, "sum": 1})
    harness.run_until_idle()
    emit("e4", "paid", {"order": 7, "sum": 4})
    emit("e5", "paid", {"order": 1, "sum": 6})
    harness.run_until_idle()
    assert invocation.result == [{"order": 7, "sum": 1}, {"order": 1, "sum": 6}]


def test_an_event_that_does_not_come_in_time(start: Start, tasks: Any, harness: Harness) -> None:
    invocation = start(lambda wf: wf.wait_event("paid", {"order": 7}, timeout=60))
    harness.advance(30)
    tasks.app.engine.workflows.emit("e1", "paid", {"order": 8})
    harness.advance(29.9)
    assert invocation.status is S.PAUSED
    harness.advance(0.1)
    with pytest.raises(WorkflowTimeoutError, match="paid"):
        invocation.result  # noqa: B018


def test_an_event_emitted_by_the_app_arrives(start: Start, tasks: Any, harness: Harness) -> None:
    invocation = start(lambda wf: wf.wait_event("paid", {"order": 7}))
    harness.run_until_idle()
    tasks.app.trigger.emit_event("paid", {"order": 7, "sum": 2})
    harness.run_until_idle()
    assert invocation.result == {"order": 7, "sum": 2}


def test_all_that_wait_are_told(start: Start, tasks: Any, harness: Harness) -> None:
    invocations = [start(lambda wf: wf.wait_event("paid")) for _ in range(3)]
    harness.run_until_idle()
    assert tasks.app.engine.workflows.emit("e1", "paid", 1) == 3
    harness.run_until_idle()
    assert [one.result for one in invocations] == [1, 1, 1]


def test_sleeping_workflows_cost_a_worker_nothing(start: Start, tasks: Any, harness: Harness) -> None:
    """Of two thousand that sleep the worker keeps nothing: no thread, no frame, no object of the engine."""
    tasks.bodies["it"] = lambda wf: wf.sleep(86_400)
    tasks.flow.parallelize([("it",) for _ in range(2_000)])
    assert harness.run_until_idle() == 2_000
    gc.collect()
    kept = [one for one in gc.get_objects() if type(one) in (WorkflowReplay, Journal, ActiveInvocation)]
    assert kept == []
    assert tasks.app.orchestrator.count_by_status()[S.PAUSED] == 2_000
