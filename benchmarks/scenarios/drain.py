"""Two warm workers are let go upon a full queue; the clock stops when every result is stored."""

import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (Metric("drain", "drain, 2 workers", "calls/s", True),)
REPETITIONS = 5


def applies(candidate: Candidate) -> bool:
    return True


def measure(system: System, quick: bool) -> dict[str, float]:
    count = 3_000 if quick else 10_000
    with system.held_workers(2) as let_go:
        system.call_many("add", [(number, number) for number in range(count)])
        done = system.finished() + count + system.holders  # those that hold the workers
        began = time.perf_counter()
        let_go()
        system.wait_finished(done)
        return {"drain": count / (time.perf_counter() - began)}
