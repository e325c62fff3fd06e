"""Tasks that are called like functions: routed to a runner, waited for, the value returned."""

from __future__ import annotations

import asyncio

import pytest
from integration.behaviour.conftest import RunningApp

from pynenc.exceptions import TaskParallelProcessingError


def test_a_call_returns_what_the_task_returned(running: RunningApp) -> None:
    tasks = running.tasks
    assert tasks.direct_shift(tasks.Point(1, "here"), by=2) == tasks.Point(3, "here on 1")
    assert tasks.direct_shift(point=tasks.Point(1, "there")).x == 2
    assert tasks.direct_shift.__inner_function__.__name__ == tasks.direct_shift.__name__ == "direct_shift"


def test_every_call_is_an_invocation_also_inside_of_the_task(running: RunningApp) -> None:
    assert running.tasks.direct_fib(4) == 3
    task = running.tasks.direct_fib.__pynenc_task__
    counts = running.app.orchestrator.count_by_status(task.task_id.key)
    assert {status.value: number for status, number in counts.items()} == {"success": 9}


def test_what_the_task_raises_is_raised_at_the_call(running: RunningApp) -> None:
    with pytest.raises(running.tasks.Unlucky) as caught:
        running.tasks.direct_unlucky(7)
    assert caught.value.code == 7
    with pytest.raises(TypeError, match="direct_unlucky"):
        running.tasks.direct_unlucky()


def test_an_async_task_is_awaited(running: RunningApp) -> None:
    async def several() -> list[float]:
        return await asyncio.gather(*(running.tasks.direct_sleeps(0.01 * n) for n in range(3)))

    assert asyncio.run(several()) == [0.0, 0.01, 0.02]


def test_a_call_is_split_and_its_results_are_joined(running: RunningApp) -> None:
    assert running.tasks.direct_total(values=[1, 2, 3]) == 6
    assert running.tasks.direct_total([]) == 0
    counts = running.app.orchestrator.count_by_status(running.tasks.direct_total.__pynenc_task__.task_id.key)
    assert sum(counts.values()) == 3


def test_an_async_call_is_split_with_common_values(running: RunningApp) -> None:
    assert asyncio.run(running.tasks.direct_scaled([3, 1, 2])) == [10, 20, 30]
    assert asyncio.run(running.tasks.direct_scaled([3, 1], factor=2)) == [2, 6]


@pytest.mark.parametrize("runner_cls", ["ThreadRunner"])
def test_a_split_into_something_else_is_refused(sample: RunningApp) -> None:
    with pytest.raises(TaskParallelProcessingError, match="tuple, a dict or Arguments"):
        sample.tasks.app.direct_task(parallel_func=lambda args: [args["n"]], aggregate_func=sum)(
            sample.tasks.direct_fib.__inner_function__
        )(3)
    assert sample.app.orchestrator.count_by_status() == {}
