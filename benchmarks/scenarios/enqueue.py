"""One producer calls ``add`` again and again; nobody works."""

import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (Metric("enqueue", "enqueue one by one", "calls/s", True),)
REPETITIONS = 5


def applies(candidate: Candidate) -> bool:
    return True


def measure(system: System, quick: bool) -> dict[str, float]:
    count = 1_000 if quick else 5_000
    for number in range(1_000):
        system.call("add", number, number)
    began = time.perf_counter()
    for number in range(count):
        system.call("add", number, number)
    return {"enqueue": count / (time.perf_counter() - began)}
