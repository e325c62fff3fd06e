"""Tasks of 5 ms of processor time: two worker processes against one."""

import time

from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (Metric("speedup", "scale-out 1 → 2 processes, 5 ms tasks", "x the speed", True),)
REPETITIONS = 3


def applies(candidate: Candidate) -> bool:
    return candidate.backend != "memory"  # threads of one interpreter share a core


def measure(system: System, quick: bool) -> dict[str, float]:
    count = 200 if quick else 600
    return {"speedup": _seconds(system, 1, count) / _seconds(system, 2, count)}


def _seconds(system: System, processes: int, count: int) -> float:
    with system.held_workers(processes) as let_go:
        system.call_many("burn", [(5,)] * count)
        done = system.finished() + count + processes  # those that hold the workers
        began = time.perf_counter()
        let_go()
        system.wait_finished(done)
        seconds = time.perf_counter() - began
    for gate in system.folder.glob("gate*"):
        gate.unlink()
    return seconds
