"""The cost of submitting, claiming and finishing in a store that holds very many invocations already.

Full and empty store are alive at once and measured in turns: a minute later the same machine may be twice as slow.
"""

import statistics
import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate
from benchmarks.harness.twin import twin

METRICS = (
    Metric("submit", "growth: submit, processor time, full against empty store", "x the time", False),
    Metric(
        "submit_seconds",
        "growth: submit, until it is answered, full against empty store",
        "x the time",
        False,
    ),
    Metric("work", "growth: claim + finish, full against empty store", "x the time", False),
)
REPETITIONS = 1

_BATCH = [(1, 1)] * 10_000
_SINGLE_CALLS = 1_000
_TURNS = 5


def applies(candidate: Candidate) -> bool:
    return candidate.variant in ("full", "redis", "mongodb")


def measure(system: System, quick: bool) -> dict[str, float]:
    stored, queued = (100_000, 10_000) if quick else (1_000_000, 100_000)
    with twin(system, __name__) as empty:
        empty("stock")
        empty("turn")
        with system.workers(2):
            for _ in range(0, stored, len(_BATCH)):
                before = system.finished()
                system.call_many("add", _BATCH)
                system.wait_finished(before + len(_BATCH))
        for _ in range(0, queued, len(_BATCH)):
            system.call_many("add", _BATCH)
        stock(system)
        turns: list[tuple[dict[str, float], dict[str, float]]] = []
        for number in range(_TURNS):
            if number % 2:
                turns.append((turn(system), empty("turn")))
            else:
                little = empty("turn")
                turns.append((turn(system), little))
    return {
        one.key: statistics.median(full[one.key] / little[one.key] for full, little in turns)
        for one in METRICS
    }


def stock(system: System) -> None:
    """Queue more than workers take while one turn measures them."""
    for _ in range(2):
        system.call_many("add", _BATCH)


def turn(system: System) -> dict[str, float]:
    """What calls cost now; leaves as many queued as there were."""
    before = system.finished()
    costs = {**_submit(system), "work": _work(system)}
    system.call_many("add", [(1, 1)] * (system.finished() - before - _SINGLE_CALLS))
    return costs


def _submit(system: System) -> dict[str, float]:
    """Seconds of calls one by one, and their processor time: the disk of another minute is another disk."""
    began, busy = time.perf_counter(), time.process_time()
    for number in range(_SINGLE_CALLS):
        system.call("add", number, number)
    return {"submit": time.process_time() - busy, "submit_seconds": time.perf_counter() - began}


def _work(system: System) -> float:
    """Seconds in which warm workers finish one of 6,000 that are queued already."""
    with system.workers(2):
        system.wait_finished(system.finished() + 1_000)
        began, first = time.perf_counter(), system.finished()
        system.wait_finished(first + 6_000)
        return (time.perf_counter() - began) / (system.finished() - first)
