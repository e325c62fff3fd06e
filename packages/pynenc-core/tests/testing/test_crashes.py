from __future__ import annotations

from types import ModuleType

import pytest

from pynenc.exceptions import RunnerError, WorkerLostError
from pynenc.testing import CrashPoint, Harness
from pynenc.values.status import InvocationStatus

S = InvocationStatus

#: The default of runner_considered_dead_after_minutes, in seconds.
DEAD_AFTER = 6.0


@pytest.mark.parametrize(
    ("point", "runs", "survives"),
    [("claimed", 1, False), ("started", 1, False), ("finished", 2, False), ("committed", 1, True)],
)
def test_what_a_dead_worker_leaves_is_recovered_once(
    harness: Harness, tasks: ModuleType, point: str, runs: int, survives: bool
) -> None:
    harness.crash_worker_at(point)
    invocation, other = tasks.add(1, 2), tasks.add(3, 4)
    harness.run_until_idle()
    assert other.status is S.SUCCESS  # another worker took over
    assert invocation.status is (S.SUCCESS if survives else S.RUNNING)
    harness.advance(DEAD_AFTER - 0.1)
    assert invocation.record.recoveries == 0
    harness.advance(0.1)
    assert invocation.result == 3
    assert invocation.record.recoveries == (0 if survives else 1)
    assert tasks.log.count(("add", 1, 2)) == runs
    assert [entry.status for entry in invocation.history].count(S.SUCCESS) == 1


@pytest.mark.parametrize(
    ("point", "victim"),
    [
        (point, victim)
        for point in CrashPoint
        for victim in ("total", "add", "async_total", "mixed", "async_add")
        if point is not CrashPoint.PAUSED or "add" not in victim  # which waits for nothing
    ],
)
def test_a_tree_of_calls_survives_a_death_anywhere_in_it(
    harness: Harness, tasks: ModuleType, point: CrashPoint, victim: str
) -> None:
    invocation = tasks.mixed([1, 2])
    harness.crash_worker_at(point, getattr(tasks, victim))
    harness.run_until_idle()
    harness.advance(4 * DEAD_AFTER)
    assert invocation.result == 6
    for task in tasks.app.tasks.values():
        for one in harness.invocations(task):
            assert [entry.status for entry in one.history].count(S.SUCCESS) == 1


def test_nothing_that_a_dead_attempt_still_does_is_kept(harness: Harness, tasks: ModuleType) -> None:
    tasks.outside.append(harness.crash_worker)
    invocation = tasks.calls_out()  # calls add in a finally block
    harness.run_until_idle()
    assert invocation.status is S.RUNNING
    assert harness.invocations(tasks.add) == []
    tasks.outside[:] = [lambda: "alive"]
    harness.advance(DEAD_AFTER)
    assert invocation.result == "alive"
    assert invocation.num_retries == 0
    assert len(harness.invocations(tasks.add)) == 1


def test_a_task_that_swallows_everything_is_dead_all_the_same(harness: Harness, tasks: ModuleType) -> None:
    def swallow() -> str:
        try:
            harness.crash_worker()
        except BaseException:
            return "alive?"

    tasks.outside.append(swallow)
    invocation = tasks.calls_out()
    harness.run_until_idle()
    assert invocation.status is S.RUNNING


def test_whoever_keeps_killing_workers_fails(harness: Harness, tasks: ModuleType) -> None:
    tasks.outside.append(harness.crash_worker)
    invocation = tasks.calls_out()
    assert harness.advance(10 * DEAD_AFTER) == 3
    with pytest.raises(WorkerLostError, match="died 3 times"):
        invocation.result  # noqa: B018


def test_the_test_may_wait_for_a_recovery(harness: Harness, tasks: ModuleType) -> None:
    harness.crash_worker_at("finished")
    assert tasks.add(1, 2).result == 3
    assert harness.clock.monotonic() == DEAD_AFTER


def test_a_crash_that_does_not_come_is_an_error(tasks: ModuleType) -> None:
    harness = Harness(tasks.app).__enter__()
    harness.crash_worker_at("paused")
    assert tasks.add(1, 2).result == 3
    with pytest.raises(RunnerError, match="'paused', but did not get there"):
        harness.__exit__(None, None, None)


def test_an_unknown_point_is_an_error(harness: Harness) -> None:
    with pytest.raises(ValueError, match="'lunch'"):
        harness.crash_worker_at("lunch")


def test_only_a_task_can_say_that_its_worker_dies(harness: Harness) -> None:
    with pytest.raises(RunnerError, match="no invocation is running here"):
        harness.crash_worker()
