"""Invocations of the development mode, close up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from pynenc import Pynenc, Task
from pynenc.context import current_invocation
from pynenc.exceptions import (
    InvocationCancelledError,
    InvocationError,
    ResultTimeoutError,
    RetryError,
    WaitCycleError,
)
from pynenc.invocation import BaseInvocation, ConcurrentInvocation

DEADLINE = 20
app = Pynenc(
    {"app_id": "inline", "dev_mode_force_sync_tasks": True, "orchestrator_cls": "NoSuchOrchestrator"}
)
_steps: dict[str, threading.Event] = {}
_leak: ContextVar[str] = ContextVar("leak", default="clean")
_handles: list[BaseInvocation[Any]] = []


@pytest.fixture(autouse=True)
def steps() -> Iterator[dict[str, threading.Event]]:
    _steps.update(started=threading.Event(), go_on=threading.Event())
    yield _steps
    _steps["go_on"].set()
    _handles.clear()


@app.task
def plain(value: Any = None) -> Any:
    return value


@app.task(max_retries=5, retry_backoff=3600)
def held(value: int = 0) -> int:
    _steps["started"].set()
    assert _steps["go_on"].wait(DEADLINE)
    current_invocation().raise_if_cancelled()
    return value


@app.task(max_retries=2, retry_backoff=3600)
def leaks() -> str:
    seen = _leak.get()
    _leak.set("dirty")
    if current_invocation().attempt < 3:
        raise RetryError(seen)
    return f"{seen}, {current_invocation().last_exception}"


@app.task
def waits_for_itself() -> Any:
    return _handles[0].result


@app.task
def waits_for_the_first() -> Any:
    return _handles[0].result


@app.task
def waits_for_the_second() -> Any:
    return _handles[1].result


@app.task
async def awaits_itself() -> Any:
    return await _handles[0].async_result()


@app.task
def interrupted() -> None:
    raise KeyboardInterrupt


@app.task
def describes_itself() -> dict[str, Any]:
    mine, inner = describes_itself.invocation, plain(1)
    return {
        "same": mine.invocation_id == current_invocation().invocation_id,
        "kind": type(mine),
        "status": mine.status.value,
        "child": inner.parent_invocation_id == mine.invocation_id,
    }


@app.task
def leaves_children() -> list[Any]:
    _handles.extend([plain(1), plain.parallelize([(2,)])[0]])
    return [_handles[0].result]


def in_thread(invocation: BaseInvocation[Any]) -> threading.Thread:
    thread = threading.Thread(target=invocation.wait, daemon=True)
    thread.start()
    assert _steps["started"].wait(DEADLINE)
    return thread


def test_no_component_is_built() -> None:
    invocation = plain(object)  # what no serializer could store
    assert invocation.result is object
    assert invocation.arguments.kwargs == {"value": object}
    assert isinstance(plain, Task)


def test_wrong_calls_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="plain"):
        plain(1, 2)
    with pytest.raises(InvocationError, match="not final"):
        plain(1).get_final_result()
    with pytest.raises(RuntimeError, match="has not been invoked"):
        _ = plain.invocation


def test_attempts_follow_at_once_and_leave_nothing_behind() -> None:
    assert leaks().result == "clean, clean"
    assert _leak.get() == "clean"


def test_a_task_sees_the_invocation_that_runs() -> None:
    invocation = describes_itself()
    assert invocation.result == {
        "same": True,
        "kind": ConcurrentInvocation,
        "status": "running",
        "child": True,
    }
    assert invocation.get_final_result() is invocation.result
    assert invocation.parent_invocation_id is None


def test_it_runs_once_whoever_asks() -> None:
    invocation = held(7)
    thread = in_thread(invocation)
    assert not invocation.wait(0.01)
    with pytest.raises(ResultTimeoutError, match="held"):
        invocation.get(0.01)
    with pytest.raises(ResultTimeoutError):
        asyncio.run(invocation.async_result(0.01))
    _steps["go_on"].set()
    assert invocation.get(DEADLINE) == 7
    assert [entry.status.value for entry in invocation.history] == ["registered", "running", "success"]
    thread.join(DEADLINE)


def test_a_timeout_of_awaiting_leaves_it_running() -> None:
    async def impatient(invocation: BaseInvocation[int]) -> None:
        with pytest.raises(ResultTimeoutError):
            await invocation.async_result(0.01)
        _steps["go_on"].set()
        assert await invocation.async_result(DEADLINE) == 3

    asyncio.run(impatient(held(3)))


def test_cancelling_what_runs_discards_its_result() -> None:
    invocation = held(7)
    thread = in_thread(invocation)
    assert invocation.cancel(reason="too late")
    with pytest.raises(InvocationCancelledError, match="too late"):
        invocation.get(DEADLINE)  # at once, although it still runs
    _steps["go_on"].set()
    thread.join(DEADLINE)
    assert (invocation.status.value, invocation.num_retries) == ("cancelled", 0)
    assert invocation.history[-1].reason == "too late"


def test_a_cancellation_cascades_to_what_was_called() -> None:
    parent = leaves_children()
    assert parent.result == [1]
    assert not parent.cancel(cascade=True, reason="all")
    assert [handle.status.value for handle in _handles] == ["success", "cancelled"]


@pytest.mark.parametrize("task", [waits_for_itself, awaits_itself])
def test_waiting_for_itself_is_refused(task: Task[[], Any]) -> None:
    _handles.append(task())
    with pytest.raises(WaitCycleError, match="waits for itself"):
        _ = _handles[0].result


def test_waiting_in_a_circle_is_refused() -> None:
    _handles.extend([waits_for_the_second(), waits_for_the_first()])
    with pytest.raises(WaitCycleError) as caught:
        _ = _handles[0].result
    first, second = (handle.invocation_id for handle in _handles)
    assert f"{first} → {second} → {first}" in str(caught.value)


def test_an_interruption_reaches_the_caller() -> None:
    invocation = interrupted()
    with pytest.raises(KeyboardInterrupt):
        invocation.wait()
    assert invocation.status.value == "failed"


def test_a_group_stops_beginning_when_its_time_is_over() -> None:
    group = plain.parallelize([(1,), (2,)])
    with pytest.raises(ResultTimeoutError, match="2 of 2"):
        group.get(timeout=0)
    assert group.get() == [1, 2]
    assert group.get(timeout=0) == [1, 2]
    assert len(group.invocation_map) == len(group) == 2
