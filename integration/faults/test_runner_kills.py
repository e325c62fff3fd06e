"""Workers and whole runners are killed during a mixed load: nothing is lost, nothing ends twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration.faults.place import (
    Place,
    drain,
    eventually,
    is_alive,
    is_at_rest,
    require_good,
    worker_processes,
)

from pynenc.values.status import InvocationStatus

_PROCESSES = {"runner_cls": "PersistentProcessRunner", "persistentprocessrunner": {"num_processes": 2}}
#: An attempt may meet every kill of the test.
_PATIENT = {"max_recoveries": 50}


@contextmanager
def _runner(place: Place) -> Iterator[subprocess.Popen[str]]:
    with place.start_runner(_PROCESSES, _PATIENT) as process:
        try:
            yield process
        finally:
            process.kill()


def _require_end(worker: int) -> None:
    """It takes five seconds at most; a machine that is busy with something else is forgiven as much again."""
    eventually(lambda: not is_alive(worker), "the worker of a killed runner ends by itself", seconds=10)


def _submit(sample: Any) -> None:
    """Recursion, failures, retries and limited calls."""
    groups = [
        sample.fib.parallelize([(n,) for n in (7, 8, 7, 8)]),
        sample.failing.parallelize([(n,) for n in range(10)]),
        sample.flaky.parallelize([(n,) for n in range(20)]),
        sample.limited.parallelize([(n,) for n in range(1, 11)]),
        sample.double.parallelize([(n,) for n in range(100)]),
    ]
    sample.log("accepted", ids=[one.invocation_id for group in groups for one in group.invocations])


def _standing(process: subprocess.Popen[str], sample: Any) -> str:
    code = process.poll()
    runner = "it runs" if code is None else f"it ended with {code}"
    records = {
        str(status): number for status, number in sample.app.orchestrator.count_by_status().items() if number
    }
    return f"{runner}, its workers are {worker_processes(process.pid)}, records: {records}"


def _progress(place: Place, process: subprocess.Popen[str], more: int, sample: Any) -> list[int]:
    """Wait until the runner has begun so many more attempts, or all is done; returns its workers."""
    begun = len(place.lines("executions"))
    eventually(
        lambda: len(place.lines("executions")) >= begun + more or is_at_rest(sample),
        lambda: f"the runner makes progress; {_standing(process, sample)}",
    )
    eventually(lambda: len(worker_processes(process.pid)) == 2, "there are two workers")
    return worker_processes(process.pid)


def test_nothing_is_lost_when_workers_are_killed(place: Place) -> None:
    sample = place.load(_PATIENT)
    _submit(sample)
    kills = 4
    with _runner(place) as process:
        for turn in range(kills):
            workers = _progress(place, process, 10, sample)
            os.kill(workers[turn % 2], signal.SIGKILL)
        eventually(lambda: is_at_rest(sample), "everything is final")
        assert len(worker_processes(process.pid)) == 2
    require_good(place, sample, kills=kills)


def test_nothing_is_lost_when_whole_runners_are_killed(place: Place) -> None:
    sample = place.load(_PATIENT)
    _submit(sample)
    kills = 3
    for _ in range(kills):
        with _runner(place) as process:
            workers = _progress(place, process, 10, sample)
            process.kill()
            process.wait()
        for worker in workers:
            _require_end(worker)
    sample = drain(place, _PATIENT)
    require_good(place, sample, kills=kills)


def test_a_worker_without_a_supervisor_ends_and_hands_back(place: Place) -> None:
    sample = place.load()
    invocation = sample.gated("gate")
    with _runner(place) as process:
        eventually(lambda: place.lines("executions"), "attempt 1 begins")
        worker = int(place.lines("executions")[0]["pid"])
        process.kill()
        process.wait()
        _require_end(worker)
    handed_back = invocation.history[-2:]
    assert [entry.status for entry in handed_back] == [InvocationStatus.KILLED, InvocationStatus.REROUTED]
    assert "supervisor" in handed_back[0].reason
    assert (invocation.record.token, invocation.record.recoveries) == (None, 0)
    place.open_gate(2, "of the second")
    drained = drain(place)
    assert drained.app.get_invocation(invocation.invocation_id).get(60) == "of the second"


def test_a_killed_runner_is_noticed_by_another_that_runs(place: Place) -> None:
    """The other one recovers by silence what nobody handed back."""
    sample = place.load()
    invocation = sample.gated("gate")
    settings = {"runner_cls": "ThreadRunner", "threadrunner": {"max_threads": 1}}
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(place.start_runner(settings))
        stack.callback(first.kill)
        eventually(lambda: place.lines("executions"), "attempt 1 begins")
        second = stack.enter_context(place.start_runner(settings))
        stack.callback(second.kill)
        first.kill()
        eventually(lambda: len(place.lines("executions")) == 2, "attempt 2 begins")
        place.open_gate(2, "of the second")
        assert invocation.get(60) == "of the second"
    assert invocation.record.recoveries == 1
