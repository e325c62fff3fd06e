"""Waiting inside of tasks: no deadlock with a single place, nothing left behind."""

from __future__ import annotations

import asyncio
import threading

import pytest
from integration.behaviour.conftest import RunningApp

from pynenc.exceptions import InvocationError
from pynenc.values.operations import InvocationQuery

TIMEOUT = 60


def test_recursion_ends_with_one_place(running: RunningApp) -> None:
    # 177 calls, in a ProcessRunner as many processes.
    assert running.tasks.fib(10).get(TIMEOUT) == 55
    assert running.app.orchestrator.get_waits() == {}


def test_recursion_deeper_than_the_helping_limit_ends(running: RunningApp) -> None:
    assert running.tasks.down(120).get(TIMEOUT) == 120


class TestTight:
    @pytest.fixture
    def settings(self) -> dict[str, int]:
        return {"max_help_depth": 2, "max_parked_invocations": 3}

    def test_recursion_deeper_than_every_limit_ends(self, running: RunningApp) -> None:
        assert running.tasks.down(40).get(TIMEOUT) == 40


def test_waiting_for_a_group_inside_a_task(running: RunningApp) -> None:
    assert running.tasks.total(list(range(30))).get(TIMEOUT) == 435
    assert running.tasks.total_as_completed(list(range(30))).get(TIMEOUT) == 435


def test_pauses_are_recorded(running: RunningApp) -> None:
    invocation = running.tasks.fib(2)
    assert invocation.get(TIMEOUT) == 1
    statuses = [entry.status.value for entry in invocation.history]
    assert statuses[:5] == ["registered", "pending", "running", "paused", "resumed"]
    assert statuses[-1] == "success"


@pytest.mark.not_with("ProcessRunner", reason="there nothing is helped: each invocation has its own process")
def test_a_helped_call_costs_three_writes(running: RunningApp) -> None:
    """Registered; paused, claimed and started; finished and resumed."""
    invocation = running.tasks.down(1)
    assert invocation.get(TIMEOUT) == 1
    child = next(
        record
        for record in running.app.orchestrator.get_records(
            [r.invocation_id for r in _all(running) if r.parent_id == invocation.invocation_id]
        ).values()
    )
    parent_times = {entry.status.value: entry.at for entry in invocation.history}
    child_times = {
        entry.status.value: entry.at for entry in running.app.orchestrator.get_history(child.invocation_id)
    }
    assert parent_times["paused"] == child_times["pending"] == child_times["running"]
    assert child_times["success"] == parent_times["resumed"]


def _all(running: RunningApp) -> list:
    return running.app.orchestrator.list_records(InvocationQuery())


def test_a_coroutine_task_waits_without_blocking_its_loop(running: RunningApp) -> None:
    assert running.tasks.async_total([1, 2, 3]).get(TIMEOUT) == 6


@pytest.mark.not_with("ProcessRunner", reason="there coroutines share no loop: each has its own process")
def test_many_coroutine_tasks_overlap(running: RunningApp) -> None:
    running.tasks.sleeps(0.0).get(TIMEOUT)
    group = running.tasks.sleeps.parallelize([(1.0,)] * 40)
    assert sum(group.get(20)) == 40.0  # one after the other they would take 40 s


def test_result_on_a_workers_loop_is_refused(running: RunningApp) -> None:
    with pytest.raises(InvocationError, match="async_result"):
        running.tasks.blocks_the_loop(1).get(TIMEOUT)


def test_async_result_outside_of_tasks(running: RunningApp) -> None:
    async def main() -> list[int]:
        invocations = [running.tasks.add(i, 0) for i in range(10)]
        return list(await asyncio.gather(*(one.async_result(TIMEOUT) for one in invocations)))

    assert asyncio.run(main()) == list(range(10))


def test_waiting_from_several_threads(running: RunningApp) -> None:
    invocation = running.tasks.fib(8)
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(invocation.get(TIMEOUT))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert results == [21] * 10
