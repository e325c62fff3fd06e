"""Retries: as often as the task allows, with its attempts in the history."""

from __future__ import annotations

import pytest
from integration.behaviour.conftest import RunningApp

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
