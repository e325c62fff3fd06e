"""Runners: how many workers there are, what becomes of those that die or are worn, and how all of it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.behaviour.conftest import SAMPLE, RunningApp, children, eventually, workers
from integration.stopping import stop_without_locks

from pynenc.exceptions import WorkerLostError
from pynenc.invocation import InvocationStatus

TIMEOUT = 60
ALL_PROCESSES = ["PersistentProcessRunner", "MultiThreadRunner", "ProcessRunner"]
#: What lets a runner notice things soon.
QUICK = {"heartbeat_interval_seconds": 0.1, "sweep_interval_seconds": 0.1, "lease_seconds": 0.5}
_RUN = f"import sys; from {SAMPLE} import app; app.runner.run(owns_process=True)"


def reasons_of_ends(running: RunningApp) -> set[str]:
    runners = running.app.orchestrator.list_runners(include_stopped=True)
    return {runner.stop_reason for runner in runners if runner.stopped_at is not None}


@contextlib.contextmanager
def a_runner_of_its_own() -> Iterator[subprocess.Popen[bytes]]:
    """A runner of the sample app in a process that it owns."""
    with subprocess.Popen([sys.executable, "-c", _RUN]) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("runner_cls", ["MultiThreadRunner"])
class TestScaling:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        scaling = {"min_processes": 1, "max_processes": 3, "max_threads": 2, "idle_timeout_process_sec": 0.5}
        return {**QUICK, "multithreadrunner": {**scaling, "enforce_max_processes": False}}

    def test_workers_come_with_the_backlog_and_retire_without(
        self, running: RunningApp, tmp_path: Path
    ) -> None:
        assert running.tasks.add(1, 1).get(TIMEOUT) == 2
        assert len(workers(os.getpid())) == 1
        gate = tmp_path / "gate"
        group = running.tasks.waits_for_file.parallelize([(str(gate),)] * 6)
        eventually(lambda: all(one.record.started_at is not None for one in group.invocations))
        assert len(workers(os.getpid())) == 3
        gate.write_text("open")
        assert group.get(TIMEOUT) == ["open"] * 6
        eventually(lambda: len(workers(os.getpid())) == 1)
        assert running.tasks.add(2, 2).get(TIMEOUT) == 4
        assert reasons_of_ends(running) == {"clean"}


@pytest.mark.parametrize("runner_cls", ["MultiThreadRunner"])
class TestEnforcedMaximum:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        enforced = {"max_processes": 2, "idle_timeout_process_sec": 0.1, "enforce_max_processes": True}
        return {**QUICK, "multithreadrunner": enforced}

    def test_all_run_whatever_the_backlog_and_dead_ones_are_replaced(self, running: RunningApp) -> None:
        eventually(lambda: len(workers(os.getpid())) == 2)
        assert running.tasks.add(1, 1).get(TIMEOUT) == 2
        before = workers(os.getpid())
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: len(set(workers(os.getpid())) - {before[0]}) == 2)


class TestDraining:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {
            **QUICK,
            "threadrunner": {"max_threads": 2},
            "persistentprocessrunner": {"num_processes": 2},
            "multithreadrunner": {"max_processes": 2, "max_threads": 1, "enforce_max_processes": True},
            "processrunner": {"max_processes": 2},
        }

    def test_a_runner_finishes_what_it_has_and_ends(self, running: RunningApp, tmp_path: Path) -> None:
        gate = tmp_path / "gate"
        held = running.tasks.waits_for_file(str(gate))
        eventually((tmp_path / "gate.begun").exists)
        orchestrator, runner = running.app.orchestrator, running.runner
        assert runner is not None
        assert orchestrator.request_drain(runner.runner_id)

        def beats() -> int:
            rows = orchestrator.list_runners()
            return next(one.beats for one in rows if one.identity.runner_id == runner.runner_id)

        # It hears of it with a beat, has dealt with it by the next one, and the worker that idles ends first.
        heard = beats() + 2
        eventually(lambda: beats() >= heard)
        eventually(lambda: len(workers(os.getpid())) <= 1)
        later = running.tasks.add(1, 1)
        gate.write_text("open")
        assert held.get(TIMEOUT) == "open"
        assert runner.wait_until_stopped(TIMEOUT)
        assert later.record.epoch == 0
        assert held.record.recoveries == held.record.reroutes == 0
        assert reasons_of_ends(running) == {"clean"}
        assert not orchestrator.request_drain(runner.runner_id)
        # The same object runs again, as another runner.
        running.start()
        assert later.get(TIMEOUT) == 2


@pytest.mark.parametrize("runner_cls", ["PersistentProcessRunner", "MultiThreadRunner"])
class TestWornWorkers:
    @pytest.fixture
    def settings(self, runner_cls: str) -> dict[str, Any]:
        return {**QUICK, "max_invocations_per_worker": 4, "max_memory_per_worker_mb": 250}

    def test_one_ends_after_so_many_invocations_and_nothing_is_lost(self, running: RunningApp) -> None:
        group = running.tasks.process_id.parallelize([()] * 30)
        pids = list(group.get(TIMEOUT))
        assert max(pids.count(pid) for pid in pids) <= 4
        assert all(one.record.recoveries == one.record.reroutes == 0 for one in group.invocations)
        assert reasons_of_ends(running) == {"clean"}

    def test_one_that_has_grown_is_replaced(self, running: RunningApp) -> None:
        fat = running.tasks.grows(300).get(TIMEOUT)
        eventually(lambda: fat not in workers(os.getpid()))
        assert running.tasks.process_id().get(TIMEOUT) != fat
        assert reasons_of_ends(running) == {"clean"}

    def test_a_worn_worker_finishes_what_waits(self, running: RunningApp) -> None:
        assert running.tasks.fib(7).get(TIMEOUT) == 13


@pytest.mark.parametrize("runner_cls", ["ProcessRunner"])
class TestOneProcessEach:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {**QUICK, "processrunner": {"max_processes": 2}, "max_recoveries": 1}

    def test_no_two_invocations_share_a_process(self, running: RunningApp) -> None:
        pids = list(running.tasks.process_id.parallelize([()] * 40).get(TIMEOUT))
        assert len(set(pids)) == 40

    def test_one_that_dies_leaves_its_siblings_alone(self, running: RunningApp, tmp_path: Path) -> None:
        gate = tmp_path / "gate"
        sibling = running.tasks.waits_for_file(str(gate))
        eventually(lambda: sibling.record.started_at is not None)
        for dying, reason in (
            (running.tasks.exits_hard(5), "exited with code 5"),
            (running.tasks.exits_hard(0), "exited with code 0"),
            (running.tasks.crashes(), "signal 11"),
        ):
            with pytest.raises(WorkerLostError, match=reason):
                dying.get(TIMEOUT)
            assert dying.status is InvocationStatus.FAILED
        gate.write_text("open")
        assert sibling.get(TIMEOUT) == "open"
        assert sibling.record.recoveries == sibling.record.reroutes == 0

    def test_so_many_run_at_once_as_before(self, running: RunningApp, tmp_path: Path) -> None:
        for dying in running.tasks.exits_hard.parallelize([(1,)] * 20).invocations:
            with pytest.raises(WorkerLostError):
                dying.get(TIMEOUT)
        gate = tmp_path / "gate"
        group = running.tasks.waits_for_file.parallelize([(str(gate),)] * 3)
        eventually(lambda: sum(one.record.started_at is not None for one in group.invocations) == 2)
        gate.write_text("open")
        assert group.get(TIMEOUT) == ["open"] * 3

    def test_workers_are_forked_by_another_server_when_theirs_dies(self, running: RunningApp) -> None:
        assert running.tasks.add(1, 1).get(TIMEOUT) == 2
        (server,) = children(os.getpid(), "fork-server")
        os.kill(server, signal.SIGKILL)
        results = running.tasks.add.parallelize([(i, 0) for i in range(10)])
        assert results.get(TIMEOUT) == list(range(10))
        assert children(os.getpid(), "fork-server") != [server]

    def test_the_app_is_imported_once_for_all_of_them(self, running: RunningApp) -> None:
        importers = set(running.tasks.importing_process_id.parallelize([()] * 20).get(TIMEOUT))
        assert importers == set(children(os.getpid(), "fork-server"))


@pytest.mark.processes_only
def test_forks_of_tasks_are_no_workers(running: RunningApp) -> None:
    assert running.tasks.forks(comes_back=False).get(TIMEOUT) == 7
    assert running.tasks.forks(comes_back=True).get(TIMEOUT) == 0
    assert running.tasks.ends_a_program().get(TIMEOUT) == -signal.SIGTERM


@pytest.mark.processes_only
def test_a_fork_that_outlives_its_worker_does_not_hide_its_end(running: RunningApp) -> None:
    left = running.tasks.leaves_a_fork_behind().get(TIMEOUT)
    try:
        for pid in workers(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        assert running.tasks.add(1, 1).get(TIMEOUT) == 2
    finally:
        os.kill(left, signal.SIGKILL)


class TestSignals:
    GRACE_SECONDS = 2.0

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {**QUICK, "shutdown_grace_seconds": self.GRACE_SECONDS}

    @pytest.mark.processes_only
    def test_the_first_lets_short_work_finish_and_hands_long_work_back(
        self, sample: RunningApp, tmp_path: Path
    ) -> None:
        long, short = tmp_path / "long", tmp_path / "short"
        with a_runner_of_its_own() as process:
            first = sample.tasks.runs_in(str(short), 0.5)
            eventually(short.exists)
            process.send_signal(signal.SIGTERM)
            assert process.wait(self.GRACE_SECONDS + 5) == 0
        assert first.get(1)
        assert first.record.reroutes == first.record.recoveries == 0
        assert len(short.read_text().splitlines()) == 1
        with a_runner_of_its_own() as process:
            second = sample.tasks.runs_in(str(long), 600)
            eventually(long.exists)
            process.send_signal(signal.SIGTERM)
            process.wait(self.GRACE_SECONDS + 5)
        assert second.status is InvocationStatus.REROUTED
        assert second.record.reroutes == 1
        assert second.record.recoveries == 0
        pid = int(long.read_text().split()[1])
        assert not Path(f"/proc/{pid}").exists()

    @pytest.mark.processes_only
    def test_workers_end_with_a_runner_that_was_killed(self, sample: RunningApp, tmp_path: Path) -> None:
        log = tmp_path / "log"
        with a_runner_of_its_own() as process:
            invocation = sample.tasks.runs_in(str(log), 600)
            eventually(lambda: log.exists() and log.read_text())
            started = children(process.pid) + workers(process.pid)
            process.kill()
            eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), 5)
        assert invocation.status is InvocationStatus.REROUTED

    @pytest.mark.processes_only
    def test_the_second_kills_now(self, sample: RunningApp, tmp_path: Path) -> None:
        log = tmp_path / "log"
        with a_runner_of_its_own() as process:
            sample.tasks.runs_in(str(log), 600)
            eventually(lambda: log.exists() and log.read_text())
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            assert process.wait(self.GRACE_SECONDS) == 130
        pid = int(log.read_text().split()[1])
        eventually(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize("runner_cls", ["ThreadRunner"])
class TestUnderstudy:
    DEAD_AFTER_SECONDS = 3.0

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        # A runner looks all the time, so that a task often takes the interpreter in the middle of a look.
        quick = {**QUICK, "sweep_interval_seconds": 0.01}
        return {**quick, "runner_considered_dead_after_minutes": self.DEAD_AFTER_SECONDS / 60}

    def _understudy(self, runner: subprocess.Popen[bytes]) -> int:
        eventually(lambda: children(runner.pid, "understudy"))
        (pid,) = children(runner.pid, "understudy")
        return pid

    def test_a_task_that_holds_the_interpreter_is_not_recovered(
        self, sample: RunningApp, tmp_path: Path
    ) -> None:
        if not sample.app.orchestrator.store.capabilities.multi_process:
            pytest.skip("who could take it for dead would die with it")
        log = tmp_path / "log"
        with a_runner_of_its_own() as runner:
            assert sample.tasks.add(1, 1).get(TIMEOUT) == 2
            understudy = self._understudy(runner)
            eventually(lambda: _has_open(understudy, tmp_path))
            invocation = sample.tasks.holds_the_interpreter(str(log), 2 * self.DEAD_AFTER_SECONDS)
            eventually(lambda: log.exists() and log.read_text())
            with a_runner_of_its_own():
                assert invocation.get(TIMEOUT) == "done"
                assert sample.tasks.add(2, 2).get(TIMEOUT) == 4
        assert log.read_text().splitlines() == ["start"]
        assert invocation.record.recoveries == 0
        eventually(lambda: not Path(f"/proc/{understudy}").exists())

    def test_a_stopped_process_looks_dead(self, sample: RunningApp, tmp_path: Path) -> None:
        if not sample.app.orchestrator.store.capabilities.multi_process:
            pytest.skip("who could take it for dead would die with it")
        gate = tmp_path / "gate"
        with a_runner_of_its_own() as runner:
            assert sample.tasks.add(1, 1).get(TIMEOUT) == 2
            understudy = self._understudy(runner)
            eventually(lambda: _has_open(understudy, tmp_path))
            invocation = sample.tasks.waits_for_file(str(gate))
            eventually(lambda: invocation.record.started_at is not None)
            # Stopped while it confirms the message, it would keep the file of the queue locked.
            eventually(lambda: sample.app.broker.count() == 0)
            stop_without_locks(sample.app, [runner.pid])
            with a_runner_of_its_own():
                eventually(lambda: invocation.record.recoveries == 1)
                gate.write_text("open")
                assert invocation.get(TIMEOUT) == "open"


def _has_open(pid: int, folder: Path) -> bool:
    """Whether a process has opened something in a folder, or a connection to a server: its store is ready."""
    connected = {line.split()[9] for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]}
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(fd)
            inode = target.removeprefix("socket:[").removesuffix("]")
            if target.startswith(str(folder)) or inode in connected:
                return True
    return False
