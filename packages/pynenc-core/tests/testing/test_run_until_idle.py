from __future__ import annotations

import asyncio
import threading
import time
from types import ModuleType

import pytest

from pynenc.exceptions import RetryError, WaitCycleError
from pynenc.testing import FakeClock, Harness
from pynenc.values.status import InvocationStatus

S = InvocationStatus


def test_invocations_run_in_the_thread_of_the_test_in_the_order_of_their_calls(
    harness: Harness, tasks: ModuleType
) -> None:
    tasks.outside.append(threading.get_ident)
    calls = [tasks.add(n, 0) for n in range(5)]
    where = tasks.calls_out()
    assert harness.run_until_idle() == 7
    assert [call.result for call in calls] == [0, 1, 2, 3, 4]
    assert tasks.log == [*(("add", n, 0) for n in range(5)), ("add", 99, 99)]
    assert where.result == threading.get_ident()
    assert harness.run_until_idle() == 0


def test_retries_wait_for_the_clock_alone(harness: Harness, tasks: ModuleType) -> None:
    began = time.monotonic()
    invocation = tasks.flaky(3)
    assert harness.run_until_idle() == 1
    assert (invocation.status, invocation.num_retries) == (S.RETRY, 1)
    assert harness.advance(9.9) == 0
    assert harness.advance(0.1) == 1
    assert invocation.num_retries == 2
    assert harness.advance(3600) == 2  # after 20 s and after 40 s more
    assert invocation.result == "done"
    starts = [entry.at for entry in invocation.history if entry.status is S.RUNNING]
    assert [round(at - starts[0], 3) for at in starts] == [0, 10, 30, 70]
    assert time.monotonic() - began < 5


def test_an_attempt_that_is_the_last_one_fails(harness: Harness, tasks: ModuleType) -> None:
    invocation = tasks.flaky(4)
    harness.advance(3600)
    assert invocation.status is S.FAILED
    with pytest.raises(RetryError, match="not yet"):
        invocation.result  # noqa: B018


def test_a_failure_reaches_whoever_waits(harness: Harness, tasks: ModuleType) -> None:
    failed, waiting = tasks.broken(), tasks.waits_for_broken()
    harness.run_until_idle()
    with pytest.raises(LookupError, match="broken"):
        failed.result  # noqa: B018
    assert waiting.result == "broken"


@pytest.mark.parametrize("name", ["total", "total_as_completed", "async_total", "mixed"])
def test_groups_and_nested_waits(harness: Harness, tasks: ModuleType, name: str) -> None:
    invocation = getattr(tasks, name)([1, 2, 3])
    harness.run_until_idle()
    assert invocation.status is S.SUCCESS
    assert invocation.result == (12 if name == "mixed" else 6)
    assert harness.clock.monotonic() == 0


def test_recursion_goes_deeper_than_one_stack(harness: Harness, tasks: ModuleType) -> None:
    invocation = tasks.down(150)
    assert harness.run_until_idle() == 151
    assert invocation.result == 150


def test_a_wait_in_the_test_runs_what_it_needs(harness: Harness, tasks: ModuleType) -> None:
    assert tasks.add(1, 2).result == 3
    assert asyncio.run(tasks.async_add(3, 4).async_result()) == 7
    assert tasks.flaky(1).result == "done"
    assert harness.clock.monotonic() == 10


def test_a_wait_inside_of_a_task_moves_the_clock_when_nothing_else_helps(
    harness: Harness, tasks: ModuleType
) -> None:
    invocation = tasks.waits_for_flaky(2)
    harness.run_until_idle()
    assert invocation.result == "done"
    assert harness.clock.monotonic() == 30


@pytest.mark.parametrize("name", ["waits_for_flaky", "async_patience"])
def test_timeouts_inside_of_tasks_go_by_the_clock(harness: Harness, tasks: ModuleType, name: str) -> None:
    invocation = getattr(tasks, name)(1, 4)
    harness.run_until_idle()
    assert invocation.result == "gave up"
    assert harness.clock.monotonic() == 4
    assert harness.advance(6) == 1
    assert harness.invocations(tasks.flaky)[0].result == "done"


def test_a_timeout_in_the_test_goes_by_the_clock(harness: Harness, tasks: ModuleType) -> None:
    invocation = tasks.flaky(1)
    assert invocation.wait(timeout=4) is False
    assert harness.clock.monotonic() == 4
    assert invocation.wait(timeout=7) is True
    assert harness.clock.monotonic() == 10


def test_calls_of_one_concurrency_key_run_one_after_another(harness: Harness, tasks: ModuleType) -> None:
    def fail_once() -> None:
        if len(tasks.log) == 1:
            raise RetryError

    tasks.outside.append(fail_once)
    calls = [tasks.book("a", 1), tasks.book("a", 2), tasks.book("b", 3)]
    harness.run_until_idle()
    assert tasks.log == [("a", 1), ("a", 2), ("b", 3)]
    harness.advance(5)
    assert [call.result for call in calls] == [1, 2, 3]
    assert tasks.log[-1] == ("a", 1)


def test_a_key_that_a_waiter_needs_is_made_free_first(harness: Harness, tasks: ModuleType) -> None:
    harness.crash_worker_at("started", tasks.book)
    held = tasks.book("a", 7)
    harness.run_until_idle()
    assert held.status is S.RUNNING  # by a worker that is dead
    waiting = tasks.books("a")
    harness.run_until_idle()
    assert (waiting.result, held.result) == (1, 7)
    assert [entry for entry in tasks.log if entry != "books"] == [("a", 1), ("a", 7)]


def test_a_cycle_is_refused_as_in_production(harness: Harness, tasks: ModuleType) -> None:
    tasks.outside.append(lambda: tasks.outside.clear() or tasks.book("a", 2).result)
    invocation = tasks.book("a", 1)
    harness.run_until_idle()
    with pytest.raises(WaitCycleError):
        invocation.result  # noqa: B018


def test_code_that_gives_up_a_wait_goes_on_and_ends(harness: Harness, tasks: ModuleType) -> None:
    invocation = tasks.changes_its_mind()
    harness.run_until_idle()
    assert invocation.result == "went on"
    statuses = [entry.status for entry in invocation.history]
    assert statuses[3:] == [S.PAUSED, S.RESUMED, S.RUNNING, S.SUCCESS]


def test_threads_of_a_task_may_wait(harness: Harness, tasks: ModuleType) -> None:
    def in_thread() -> int:
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(tasks.add(1, 1).result))
        thread.start()
        thread.join(30)
        return found[0]

    tasks.outside.append(in_thread)
    assert tasks.calls_out().result == 2


def test_a_thread_waits_for_what_the_test_runs(harness: Harness, tasks: ModuleType) -> None:
    running, found = threading.Event(), []
    invocation = tasks.calls_out()
    thread = threading.Thread(target=lambda: (running.wait(30), found.append(invocation.result)))
    thread.start()

    def slow() -> int:
        running.set()
        threading.Event().wait(0.05)
        return 5

    tasks.outside.append(slow)
    harness.run_until_idle()
    thread.join(30)
    assert found == [5]
    assert harness.clock.monotonic() == 0


def test_twenty_runs_are_the_same(tasks: ModuleType) -> None:
    def run() -> list[object]:
        tasks.log.clear()
        with Harness(tasks.app, FakeClock()) as harness:
            roots = [tasks.mixed([3, 4]), tasks.flaky(2), tasks.books("a"), tasks.book("a", 2), tasks.down(3)]
            harness.crash_worker_at("paused", tasks.total)
            harness.advance(60)
            histories = [
                (str(task.task_id), entry.status, entry.at, entry.runner_id)
                for task in tasks.app.tasks.values()
                for invocation in harness.invocations(task)
                for entry in invocation.history
            ]
            return [*tasks.log, *histories, *(root.result for root in roots)]

    first = run()
    assert all(run() == first for _ in range(19))
