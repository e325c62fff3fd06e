"""One caller, two idle workers: from the call to its result, one call at a time."""

import statistics
import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (
    Metric("p50", "latency p50", "ms", False),
    Metric("p99", "latency p99", "ms", False),
)
REPETITIONS = 5


def applies(candidate: Candidate) -> bool:
    return True


def measure(system: System, quick: bool) -> dict[str, float]:
    count = 300 if quick else 1_000
    if system.is_slow_to_hear:
        count //= 10
    with system.workers(2):
        for number in range(10):
            system.result(system.call("add", number, number))
        taken = []
        for number in range(count):
            began = time.perf_counter()
            system.result(system.call("add", number, number))
            taken.append((time.perf_counter() - began) * 1000)
    percentiles = statistics.quantiles(taken, n=100)
    return {"p50": percentiles[49], "p99": percentiles[98]}
