"""Whoever was taken for dead and goes on changes nothing, and goes on working."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from integration.faults.history_checker import read
from integration.faults.op_by_op import Case, scan
from integration.faults.place import (
    Place,
    drain,
    eventually,
    is_at_rest,
    require_good,
    require_value,
    running,
    worker_processes,
)
from integration.faults.scenarios import WORKER, Scenario
from integration.stopping import stop_without_locks

from pynenc.invocation import DistributedInvocation
from pynenc.testing import Fault, FaultMode

_RUNNERS = {
    "ThreadRunner": {"runner_cls": "ThreadRunner", "threadrunner": {"max_threads": 1}},
    "PersistentProcessRunner": {
        "runner_cls": "PersistentProcessRunner",
        "persistentprocessrunner": {"num_processes": 1},
    },
}


def _pid_of(place: Place, epoch: int) -> int:
    """The process that began an attempt."""

    def found() -> list[int]:
        return [int(line["pid"]) for line in place.lines("executions") if line["epoch"] == epoch]

    eventually(found, f"attempt {epoch} begins")
    return found()[0]


def _stands_for_good(place: Place, sample: Any, invocation: DistributedInvocation[str], zombie: int) -> None:
    """The value is that of attempt 2, and stays so while attempt 1 of a process comes to its end."""
    assert invocation.get(60) == "of the second"
    before = (invocation.record, invocation.history)
    place.open_gate(1, "of the first")
    os.kill(zombie, signal.SIGCONT)
    eventually(lambda: any(line["epoch"] == 1 for line in place.lines("ends")), "attempt 1 ends")
    # What it works upon next is claimed after the late commit, or with it.
    following = sample.double(21)
    assert following.get(60) == 42
    assert _pid_of_invocation(place, following.invocation_id) == zombie
    assert (invocation.record, invocation.history) == before
    assert sample.app.get_invocation(invocation.invocation_id).get(60) == "of the second"
    require_good(
        place, sample, kills=1, expected=lambda task, args: 42 if "double" in task else "of the second"
    )


def _pid_of_invocation(place: Place, invocation_id: str) -> int:
    return next(int(line["pid"]) for line in place.lines("executions") if line["id"] == invocation_id)


@pytest.mark.parametrize("runner", _RUNNERS)
def test_a_stopped_and_resumed_worker_changes_nothing_and_works_on(place: Place, runner: str) -> None:
    sample = place.load()
    invocation = sample.gated("gate")
    with place.start_runner(_RUNNERS[runner]) as process:
        try:
            zombie = _pid_of(place, 1)
            stopped = [zombie] if runner == "ThreadRunner" else [process.pid, zombie]
            stop_without_locks(sample.app, stopped)
            with running(sample):
                assert _pid_of(place, 2) == os.getpid()
                place.open_gate(2, "of the second")
                assert invocation.get(60) == "of the second"
            if runner != "ThreadRunner":
                os.kill(process.pid, signal.SIGCONT)
            _stands_for_good(place, sample, invocation, zombie)
        finally:
            process.kill()


def test_a_worker_that_is_stopped_under_a_living_supervisor_is_replaced_by_another(place: Place) -> None:
    """The supervisor does not beat for what the system reports as stopped."""
    sample = place.load()
    invocation = sample.gated("gate")
    settings = {**_RUNNERS["PersistentProcessRunner"], "persistentprocessrunner": {"num_processes": 2}}
    with place.start_runner(settings) as process:
        try:
            zombie = _pid_of(place, 1)
            stop_without_locks(sample.app, [zombie])
            other = _pid_of(place, 2)
            assert other != zombie
            assert other in worker_processes(process.pid)
            place.open_gate(2, "of the second")
            assert invocation.get(60) == "of the second"
            place.open_gate(1, "of the first")
            os.kill(zombie, signal.SIGCONT)
            eventually(lambda: any(line["epoch"] == 1 for line in place.lines("ends")), "attempt 1 ends")
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        finally:
            process.kill()
    require_good(place, sample, kills=1, expected=lambda task, args: "of the second")


def test_the_first_attempt_of_a_runner_cannot_complete_its_second(place: Place) -> None:
    sample = place.load({"sweep_interval_seconds": 3600.0})
    with running(sample) as runner:
        invocation = sample.gated("gate")
        _pid_of(place, 1)
        sample.app.engine.recovery.recover([runner.runner_id], "taken for dead")
        _pid_of(place, 2)
        place.open_gate(1, "of the first")
        eventually(lambda: place.lines("ends"), "attempt 1 ends")
        following = sample.double(1)  # by the slot of attempt 1, together with its late commit or after it
        assert following.get(60) == 2
        assert (invocation.record.epoch, invocation.record.outcome) == (2, None)
        place.open_gate(2, "of the second")
        assert invocation.get(60) == "of the second"
    require_good(
        place, sample, kills=1, expected=lambda task, args: 2 if "double" in task else "of the second"
    )


def test_a_living_runner_that_is_taken_for_dead_loses_each_invocation_once(place: Place) -> None:
    """It may claim again what is being taken from it, faster than whoever takes looks for more."""
    sample, other = place.load({"sweep_interval_seconds": 3600.0}), place.load()
    with running(sample) as runner, ThreadPoolExecutor(1) as pool:
        invocation = sample.gated("gate")
        _pid_of(place, 1)
        other.faults.arm(Fault(2, FaultMode.HANG, "orchestrator.find_orphans"))
        try:
            recovered = pool.submit(other.app.engine.recovery.recover, [runner.runner_id], "taken for dead")
            _pid_of(place, 2)
            eventually(other.faults.happened.is_set, "it looks for more")
        finally:
            other.faults.resume()
        assert recovered.result() == 1
        for epoch, text in ((1, "of the first"), (2, "of the second")):
            place.open_gate(epoch, text)
        assert invocation.get(60) == "of the second"
        assert (invocation.record.epoch, invocation.record.recoveries) == (2, 1)
    require_good(place, sample, kills=1, expected=lambda task, args: "of the second")
    other.app.close()


_ZOMBIES = [one for one in WORKER if one.name in ("one call", "a retry", "helping the awaited")]


@pytest.mark.parametrize("scenario", _ZOMBIES, ids=lambda scenario: scenario.name)
def test_a_runner_that_hung_at_any_store_call_changes_nothing_afterwards(
    place: Place, tmp_path: Path, scenario: Scenario
) -> None:
    case = Case(place.backend, tmp_path, "worker", scenario)
    assert scan(case, lambda at: _hang(case, at))


def _hang(case: Case, at: int) -> bool:
    place = case.place(str(at))
    # It beats only once, so that it is dead to others while it hangs.
    sample = place.load({**case.settings(place), "heartbeat_interval_seconds": 3600.0})
    case.prepare(sample)
    sample.faults.arm(Fault(at, FaultMode.HANG))
    happened = sample.faults.happened
    try:
        with running(sample):
            eventually(lambda: happened.is_set() or is_at_rest(sample), "it hangs, or all is done")
            other = drain(place)
            before = read(other.app.orchestrator)
            sample.faults.resume()
            # Its late commit comes with, or before, its next claim.
            following = sample.double(5)
            sample.log("accepted", ids=[following.invocation_id])
            require_value(following, sample.expected)
            eventually(lambda: is_at_rest(sample), "what it called while it was dead to others is done")
            after = read(other.app.orchestrator)
    finally:
        sample.faults.resume()
    assert {found: after.records[found] for found in before.records} == before.records
    assert {found: after.histories[found] for found in before.histories} == before.histories
    require_good(place, sample, kills=1)
    other.app.close()
    sample.app.close()
    return bool(happened.is_set())
