"""Retries: as often as the task allows, with its attempts in the history."""

from __future__ import annotations

import pytest
from integration.behaviour.conftest import RunningApp, eventually

from pynenc.exceptions import RetryError

TIMEOUT = 30


def test_a_task_is_retried_until_it_succeeds(running: RunningApp) -> None:
    invocation = running.tasks.succeeds_at(3)
    assert invocation.get(TIMEOUT) == 3
    assert invocation.num_retries == 2
    statuses = [entry.status.value for entry in invocation.history]
    assert statuses == ["registered", *["pending", "running", "retry"] * 2, "pending", "running", "success"]


def test_a_task_fails_after_its_last_retry(running: RunningApp) -> None:
    invocation = running.tasks.succeeds_at(9)
    with pytest.raises(RetryError, match="attempt 4"):
        invocation.get(TIMEOUT)
    assert invocation.num_retries == 3


def test_an_attempt_knows_what_the_one_before_raised(running: RunningApp) -> None:
    assert running.tasks.remembers().get(TIMEOUT) == "RetryError: number 2"


def test_retries_back_off(running: RunningApp) -> None:
    invocation = running.tasks.backs_off()
    assert invocation.get(TIMEOUT) == 3
    times = [entry.at for entry in invocation.history if entry.status.value in ("retry", "pending")]
    pauses = [later - earlier for earlier, later in zip(times[1::2], times[2::2], strict=False)]
    assert [pause >= expected for pause, expected in zip(pauses, (0.2, 0.4), strict=True)] == [True, True]


def test_a_delay_is_kept_over_a_restart_of_the_runner(running: RunningApp) -> None:
    invocation = running.tasks.backs_off()
    eventually(lambda: invocation.record.retries == 1)
    running.stop()
    running.start()
    assert invocation.get(TIMEOUT) == 3
