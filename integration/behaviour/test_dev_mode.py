"""The development mode: calls run inline, whatever backend and runner the settings name."""

from __future__ import annotations

import asyncio

import pytest
from integration.behaviour.conftest import RunningApp

from pynenc.exceptions import InvocationCancelledError, RetryError, WorkflowError
from pynenc.invocation import ConcurrentInvocation, ConcurrentInvocationGroup, DistributedInvocation

pytestmark = pytest.mark.parametrize("runner_cls", ["ThreadRunner"])
VARIABLE = "PYNENC__DEV_MODE_FORCE_SYNC_TASKS"


@pytest.fixture
def inline(sample: RunningApp) -> RunningApp:
    """The sample app in development mode, without a runner."""
    sample.app.conf.dev_mode_force_sync_tasks = True
    return sample


def test_a_call_runs_when_its_result_is_asked_for(inline: RunningApp) -> None:
    invocation = inline.tasks.succeeds_at(3)
    assert isinstance(invocation, ConcurrentInvocation)
    assert (invocation.status.value, invocation.num_retries) == ("registered", 0)
    assert invocation.result == invocation.result == 3
    walk = [entry.status.value for entry in invocation.history]
    assert walk == ["registered", *["running", "retry"] * 2, "running", "success"]
    assert invocation.num_retries == 2


def test_nested_calls_run_inline_too_and_nothing_is_stored(inline: RunningApp) -> None:
    tasks = inline.tasks
    assert tasks.fib(7).result == 13
    assert tasks.total([1, 2, 3]).get() == tasks.total_as_completed([1, 2, 3]).get() == 6
    assert tasks.uses(tasks.add(2)).result == 30
    assert tasks.remembers().result == "RetryError: number 2"
    assert tasks.direct_fib(5) == 5
    assert tasks.direct_total([1, 2, 3]) == 6
    assert asyncio.run(tasks.direct_scaled([2, 1])) == [10, 20]
    assert inline.app.orchestrator.count_by_status() == {}


def test_failures_are_raised_each_time(inline: RunningApp) -> None:
    invocation = inline.tasks.succeeds_at(9)
    for _ in range(2):
        with pytest.raises(RetryError, match="attempt 4"):
            invocation.get()
    assert (invocation.status.value, invocation.wait()) == ("failed", True)
    assert inline.tasks.passes_it_on(5).result == "caught 5 just so"
    with pytest.raises(Exception, match="SystemExit"):
        inline.tasks.leaves(3).get()


def test_groups_give_results_in_the_order_of_the_calls(inline: RunningApp) -> None:
    group = inline.tasks.add.parallelize([{"y": 1}, {"y": 2}], common_args={"x": 10})
    assert isinstance(group, ConcurrentInvocationGroup)
    assert list(group.results) == group.get() == [11, 12]

    async def collected() -> list[int]:
        return [value async for value in inline.tasks.add.parallelize([(1, 1), (2, 2)]).async_results()]

    assert asyncio.run(collected()) == [2, 4]


def test_awaiting_leaves_the_loop_free(inline: RunningApp) -> None:
    async def both() -> list[float]:
        ticks = []

        async def tick() -> None:
            while True:
                ticks.append(0.0)
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        result = await inline.tasks.sleeps(0.1).async_result()
        total = await inline.tasks.async_total([1, 2]).async_result()
        ticking.cancel()
        return [len(ticks), result, total]

    ticks, result, total = asyncio.run(both())
    assert ticks > 5
    assert (result, total) == (0.1, 3)


def test_a_cancelled_call_does_not_run(inline: RunningApp) -> None:
    invocation = inline.tasks.add(1)
    assert invocation.cancel(reason="enough")
    assert not invocation.cancel()
    assert invocation.wait()
    with pytest.raises(InvocationCancelledError, match="enough"):
        _ = invocation.result


def test_the_mode_is_looked_up_at_each_call(sample: RunningApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def kind() -> type:
        return type(sample.tasks.add(1))

    assert kind() is DistributedInvocation
    monkeypatch.setenv(VARIABLE, "yes")
    assert kind() is ConcurrentInvocation
    monkeypatch.setenv("PYNENC__CONFIGPYNENC__DEV_MODE_FORCE_SYNC_TASKS", "no")
    assert kind() is DistributedInvocation
    sample.app.conf.dev_mode_force_sync_tasks = True
    assert kind() is ConcurrentInvocation


def test_a_workflow_says_that_nothing_is_recorded_here(inline: RunningApp) -> None:
    with pytest.raises(WorkflowError, match=r"wf\.\w+ in the development mode: .*pynenc\.testing"):
        inline.tasks.rest(1).get()
