"""Workflows go on wherever they were stopped, with what they had."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.behaviour.conftest import RunningApp, eventually

TIMEOUT = 60


def test_a_workflow_sleeps_waits_calls_and_survives_a_restart(sample: RunningApp, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sample.start()
    invocation = sample.tasks.journey(4, str(log))
    eventually(
        lambda: invocation.record.status == "paused" and log.exists() and invocation.record.token is None
    )
    sample.stop()
    assert invocation.record.token is None
    invocation.send("go", {"answer": [1, None]})
    sample.start()
    result = invocation.get(TIMEOUT)
    assert result["ids"] == [f"{invocation.invocation_id}.{seq}" for seq in (4, 5)]
    assert (result["sum"], result["group"], result["data"]) == (10, [5, 6], 4)
    assert result["told"] == {"answer": [1, None]}
    assert result["inner"] == [4, True, "nothing"]
    assert log.read_text() == "step\n"
    operations = sample.app.engine.workflows.operations(invocation.invocation_id)
    assert [one.seq for one in operations] == list(range(1, len(operations) + 1))
    assert invocation.record.recoveries == invocation.record.retries == 0


@pytest.mark.processes_only
def test_a_workflow_whose_worker_dies_goes_on_behind_its_last_step(
    running: RunningApp, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    invocation = running.tasks.survives(str(log))
    assert invocation.get(TIMEOUT)[1:] == [None, 2, None]
    assert log.read_text().split() == ["before", "attempt", "attempt", "after"]
    assert invocation.record.recoveries == 1
