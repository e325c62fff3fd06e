"""Nothing is lost when workers die, and nothing is left when runners stop."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from integration.behaviour.conftest import RunningApp, children, eventually, workers

from pynenc.exceptions import InvocationNotFoundError, WorkerLostError
from pynenc.values.status import InvocationStatus

TIMEOUT = 30


@pytest.mark.processes_only
def test_work_of_a_killed_worker_is_done_by_another(running: RunningApp, tmp_path: Path) -> None:
    flag = tmp_path / "deadly"
    log = Path(str(flag) + ".log")
    flag.touch()
    invocation = running.tasks.dies_while(str(flag))
    eventually(lambda: log.exists() and log.read_text())
    flag.unlink()
    assert invocation.get(TIMEOUT) == "survived"
    assert "running_recovery" in [entry.status.value for entry in invocation.history]


@pytest.mark.processes_only
def test_an_invocation_that_keeps_killing_its_worker_fails(running: RunningApp, tmp_path: Path) -> None:
    flag = tmp_path / "deadly"
    flag.touch()
    with pytest.raises(WorkerLostError, match="3 times"):
        running.tasks.dies_while(str(flag)).get(TIMEOUT)
    assert len(Path(str(flag) + ".log").read_text().splitlines()) == 3
    assert running.tasks.add(1, 1).get(TIMEOUT) == 2


@pytest.mark.processes_only
def test_a_worker_killed_from_outside_loses_nothing(running: RunningApp, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    invocation = running.tasks.waits_for_file(str(gate))
    eventually(lambda: invocation.record.started_at is not None)
    killed = workers(os.getpid())
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: invocation.record.recoveries == 1)
    gate.write_text("open")
    assert invocation.get(TIMEOUT) == "open"


def test_a_runner_stops_leaves_the_rest_and_runs_again(sample: RunningApp) -> None:
    sample.start()
    assert sample.tasks.add(1, 1).get(TIMEOUT) == 2
    sample.stop()
    waiting = sample.tasks.add(2, 2)
    assert not waiting.wait(0.1)
    sample.start()
    assert waiting.get(TIMEOUT) == 4


def test_what_runs_may_finish_when_the_runner_stops(running: RunningApp, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    invocation = running.tasks.waits_for_file(str(gate))
    eventually((tmp_path / "gate.begun").exists)  # what is claimed and not begun goes back
    assert running.runner is not None
    running.runner.stop_runner_loop()
    gate.write_text("open")
    running.stop()
    assert invocation.get(TIMEOUT) == "open"
    assert invocation.record.recoveries == invocation.record.reroutes == 0


@pytest.mark.processes_only
def test_no_process_survives_its_runner(running: RunningApp) -> None:
    running.tasks.add(1, 1).get(TIMEOUT)
    started = children(os.getpid()) + workers(os.getpid())
    assert started
    running.stop()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))


def test_a_purge_while_work_runs_ends_it_and_nothing_else(running: RunningApp, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    waits = running.tasks.waits_for_file(str(gate))
    eventually(lambda: waits.record.started_at is not None)
    queued = running.tasks.add(1, 1)
    running.app.purge()
    for gone in (waits, queued):
        with pytest.raises(InvocationNotFoundError):
            gone.get(TIMEOUT)
    gate.write_text("open")
    assert running.tasks.add(2, 2).get(TIMEOUT) == 4
    eventually(lambda: set(running.app.orchestrator.count_by_status()) == {InvocationStatus.SUCCESS})
