"""One producer registers 10,000 calls by the fastest way that its system has."""

import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate, is_peer

METRICS = (Metric("batch", "batch submit of 10,000", "calls/s", True),)
REPETITIONS = 5


def applies(candidate: Candidate) -> bool:
    return not is_peer(candidate)  # Huey enqueues one by one


def measure(system: System, quick: bool) -> dict[str, float]:
    system.call_many("add", [(1, 1)] * 500)
    calls = [(number, number) for number in range(10_000)]
    began = time.perf_counter()
    system.call_many("add", calls)
    return {"batch": len(calls) / (time.perf_counter() - began)}
