"""5,000 coroutines that sleep for 0.1 s, in one process with its 1,000 places for coroutines."""

import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate, is_peer

METRICS = (Metric("seconds", "5,000 async tasks of 0.1 s, 1 process", "s", False),)
REPETITIONS = 3


def applies(candidate: Candidate) -> bool:
    return not is_peer(candidate)  # Huey has no coroutines


def measure(system: System, quick: bool) -> dict[str, float]:
    with system.workers(1):
        system.call_many("doze", [(0.01,)] * 200)
        system.wait_finished(200)
        began = time.perf_counter()
        system.call_many("doze", [(0.1,)] * 5_000)
        system.wait_finished(5_200)
        return {"seconds": time.perf_counter() - began}
