"""The cost of submitting, claiming and finishing in a store that holds very many invocations already."""

import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (
    Metric("submit", "growth: submit, processor time, full against empty store", "x the time", False),
    Metric("work", "growth: claim + finish, full against empty store", "x the time", False),
)
REPETITIONS = 1

_BATCH = [(1, 1)] * 10_000


def applies(candidate: Candidate) -> bool:
    return candidate.variant in ("full", "redis", "mongodb")


def measure(system: System, quick: bool) -> dict[str, float]:
    stored, queued = (100_000, 10_000) if quick else (1_000_000, 100_000)
    system.call_many("add", _BATCH)
    empty_submit, empty_work = _submit(system), _work(system)
    with system.workers(2):
        for _ in range(0, stored, len(_BATCH)):
            before = system.finished()
            system.call_many("add", _BATCH)
            system.wait_finished(before + len(_BATCH))
    for _ in range(0, queued, len(_BATCH)):
        system.call_many("add", _BATCH)
    return {"submit": _submit(system) / empty_submit, "work": _work(system) / empty_work}


def _submit(system: System) -> float:
    """Processor time of 2,000 calls, one by one: the disk of another minute is another disk."""
    began = time.process_time()
    for number in range(2_000):
        system.call("add", number, number)
    return time.process_time() - began


def _work(system: System) -> float:
    """Seconds in which warm workers finish one of 6,000 that are queued already."""
    with system.workers(2):
        before = system.finished()
        system.wait_finished(before + 1_000)
        began, first = time.perf_counter(), system.finished()
        system.wait_finished(before + 7_000)
        return (time.perf_counter() - began) / (system.finished() - first)
