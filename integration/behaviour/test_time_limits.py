"""Time limits count the time that an invocation runs itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.behaviour.conftest import RunningApp

from pynenc.exceptions import TimeLimitError
from pynenc.invocation import InvocationStatus

TIMEOUT = 30


def test_the_soft_limit_is_raised_inside_the_task(running: RunningApp, tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert running.tasks.notices_its_soft_limit(str(path)).get(TIMEOUT) == "noticed"
    assert "soft_time_limit of 0.2 s" in path.read_text()


def test_waiting_does_not_count(running: RunningApp) -> None:
    assert running.tasks.waits_longer_than_its_limit(0.8).get(TIMEOUT) == 0.8


def test_the_hard_limit_ends_the_invocation_and_nothing_else(running: RunningApp, tmp_path: Path) -> None:
    path = tmp_path / "file"
    others = running.tasks.add.parallelize([(i, 0) for i in range(20)])
    invocation = running.tasks.exceeds_its_limit(str(path))
    with pytest.raises(TimeLimitError, match=r"time_limit of 0\.3 s"):
        invocation.get(TIMEOUT)
    assert others.get(TIMEOUT) == list(range(20))
    assert running.tasks.add(1, 1).get(TIMEOUT) == 2
    assert path.read_text() == "started\n"
    assert invocation.record.recoveries == 0
    assert invocation.status is InvocationStatus.FAILED


def test_a_coroutine_over_its_limit_fails(running: RunningApp) -> None:
    with pytest.raises(TimeLimitError):
        running.tasks.async_exceeds_its_limit().get(TIMEOUT)
    assert running.tasks.add(1, 1).get(TIMEOUT) == 2
