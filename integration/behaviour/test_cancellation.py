"""Cancellation: queued work never starts, running work is told, waiters learn of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.behaviour.conftest import RunningApp, eventually

from pynenc.exceptions import InvocationCancelledError, InvocationNotFoundError
from pynenc.invocation import InvocationStatus

TIMEOUT = 30


def test_queued_work_never_starts(sample: RunningApp, tmp_path: Path) -> None:
    path = tmp_path / "file"
    invocation = sample.tasks.waits_for_cancellation(str(path))
    assert invocation.cancel(reason="changed my mind")
    assert not invocation.cancel()
    sample.start()
    assert sample.tasks.add(1, 1).get(TIMEOUT) == 2
    assert not path.exists()
    assert invocation.status is InvocationStatus.CANCELLED
    with pytest.raises(InvocationCancelledError, match="changed my mind"):
        invocation.get(TIMEOUT)


def test_running_work_is_told_and_its_result_discarded(running: RunningApp, tmp_path: Path) -> None:
    path = tmp_path / "file"
    invocation = running.tasks.waits_for_cancellation(str(path))
    eventually(path.exists)
    assert invocation.cancel()
    with pytest.raises(InvocationCancelledError):
        invocation.get(TIMEOUT)
    eventually(lambda: path.read_text() == "cancelled")
    assert running.tasks.add(1, 1).get(TIMEOUT) == 2
    assert [entry.status.value for entry in invocation.history][-2:] == ["running", "cancelled"]


def test_a_coroutine_is_cancelled(running: RunningApp, tmp_path: Path) -> None:
    path = tmp_path / "file"
    invocation = running.tasks.sleeps_until_cancelled(str(path))
    eventually(path.exists)
    assert invocation.cancel()
    eventually(lambda: path.read_text() == "cancelled")


def test_a_cascade_cancels_what_was_called(running: RunningApp, tmp_path: Path) -> None:
    path = tmp_path / "file"
    invocation = running.tasks.calls_and_waits(str(path))
    eventually(path.exists)
    assert invocation.cancel(cascade=True, reason="enough")
    eventually(lambda: path.read_text() == "cancelled")
    with pytest.raises(InvocationCancelledError, match="enough"):
        invocation.get(TIMEOUT)
    counts = running.app.orchestrator.count_by_status()
    assert counts == {InvocationStatus.CANCELLED: 2}
    eventually(lambda: running.app.orchestrator.get_waits() == {})


def test_what_is_final_stays_as_it_is(running: RunningApp) -> None:
    invocation = running.tasks.add(1, 1)
    assert invocation.get(TIMEOUT) == 2
    assert not invocation.cancel(cascade=True)
    assert invocation.get(TIMEOUT) == 2


def test_an_unknown_id_cannot_be_cancelled(running: RunningApp) -> None:
    handle = running.tasks.add.handle("no-such-id")
    with pytest.raises(InvocationNotFoundError):
        handle.cancel()
