"""A workflow of durable steps that do nothing else: what recording costs, and what running on from the record does."""

import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate, is_peer

METRICS = (
    Metric("steps", "steps of one workflow", "1/s", True),
    Metric("parallel_steps", "steps of four workflows at once, two workers", "1/s", True),
    Metric("replay", "a workflow of 1,000 steps runs again from its record", "s", False),
)
REPETITIONS = 5


def applies(candidate: Candidate) -> bool:
    return not is_peer(candidate) or "workflow" in candidate.only  # the others have no workflows


def measure(system: System, quick: bool) -> dict[str, float]:
    count = 200 if quick else 1000
    with system.workers(2):
        assert system.result(system.call("steps", 10)) == 55
        began = time.perf_counter()
        handle = system.call("steps", 1000)
        assert system.result(handle) == 500_500
        alone = time.perf_counter() - began
        began = time.perf_counter()
        system.replay(handle)
        replay = time.perf_counter() - began
        began = time.perf_counter()
        for one in [system.call("steps", count) for _ in range(4)]:
            system.result(one)
        together = time.perf_counter() - began
    return {"steps": 1000 / alone, "parallel_steps": 4 * count / together, "replay": replay}
