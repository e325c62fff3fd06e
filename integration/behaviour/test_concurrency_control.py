"""Concurrency control through tasks: merged while waiting, limited while running."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.backends.parts import Backend
from integration.behaviour.conftest import RunningApp, eventually

from pynenc.exceptions import (
    ConcurrencyControlledError,
    InvocationConcurrencyWithDifferentArgumentsError,
    WaitCycleError,
)
from pynenc.invocation import InvocationStatus, ReusedInvocation

TIMEOUT = 30


def overlap(log: Path) -> int:
    """How many ran at once, at most."""
    most = now = 0
    for line in log.read_text().splitlines():
        now += 1 if line.startswith("start") else -1
        most = max(most, now)
    return most


def test_one_at_a_time_in_order(running: RunningApp, tmp_path: Path, backend: Backend) -> None:
    log = tmp_path / "log"
    group = running.tasks.one_at_a_time.parallelize([(str(log), i) for i in range(15)])
    assert group.get(TIMEOUT) == list(range(15))
    starts = [line for line in log.read_text().splitlines() if line.startswith("start")]
    assert sorted(starts) == sorted(f"start {i}" for i in range(15))
    if backend.keeps_order:
        assert starts == [f"start {i}" for i in range(15)]
    assert overlap(log) == 1


def test_so_many_at_a_time_as_the_limit_says(running: RunningApp, tmp_path: Path) -> None:
    log = tmp_path / "log"
    group = running.tasks.two_at_a_time.parallelize([(str(log), i) for i in range(12)])
    assert group.get(TIMEOUT) == list(range(12))
    assert overlap(log) <= 2


def test_a_call_is_refused_while_another_of_its_key_runs(running: RunningApp, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    first = running.tasks.refused_when_running("a", str(gate))
    eventually(lambda: first.record.started_at is not None)
    if not _has_another_place(running):
        gate.touch()
        pytest.skip("with one place nothing is about to start while the first one runs")
    second = running.tasks.refused_when_running("a", str(gate))
    with pytest.raises(ConcurrencyControlledError, match="reroute_on_concurrency_control"):
        second.get(TIMEOUT)
    with pytest.raises(KeyError):
        second.get(TIMEOUT)
    assert second.status is InvocationStatus.CONCURRENCY_CONTROLLED_FINAL
    gate.touch()
    assert first.get(TIMEOUT) == "a"


def _has_another_place(running: RunningApp) -> bool:
    probe = running.tasks.add(1, 1)
    return probe.wait(2)


def test_calls_of_one_key_are_merged_while_they_wait(sample: RunningApp) -> None:
    first = sample.tasks.merged_while_waiting("a", 1)
    again = sample.tasks.merged_while_waiting("a", 1)
    other = sample.tasks.merged_while_waiting("a", 2)
    different = sample.tasks.merged_while_waiting("b", 2)
    assert isinstance(again, ReusedInvocation)
    assert isinstance(other, ReusedInvocation)
    assert first == again == other != different
    assert again.diff_arg is None
    assert other.diff_arg is not None
    assert other.diff_arg.kwargs == {"key": "a", "value": 2}
    sample.start()
    assert other.get(TIMEOUT) == 1
    assert different.get(TIMEOUT) == 2
    assert sample.tasks.merged_while_waiting("a", 3).get(TIMEOUT) == 3


def test_a_merge_with_other_arguments_can_be_refused(sample: RunningApp) -> None:
    first = sample.tasks.strictly_merged(1)
    assert sample.tasks.strictly_merged(1) == first
    with pytest.raises(
        InvocationConcurrencyWithDifferentArgumentsError, match="value: waiting 1, called with 2"
    ):
        sample.tasks.strictly_merged(2)


def test_a_cycle_through_a_place_is_refused(running: RunningApp) -> None:
    invocation = running.tasks.needs_itself(2)
    with pytest.raises(WaitCycleError):
        invocation.get(TIMEOUT)
    assert running.tasks.needs_itself(0).get(TIMEOUT) == 0
