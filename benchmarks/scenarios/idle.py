"""What a runner with two workers costs while there is nothing to do."""

import subprocess
import sys
import time

import psutil
from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate

METRICS = (
    Metric("cpu", "idle: processor, all processes together", "% of a core", False),
    Metric("writes", "idle: writes to the store", "KB/s", False),
    Metric("rss", "idle: a worker's memory above a bare interpreter", "MB", False),
)
REPETITIONS = 3


def applies(candidate: Candidate) -> bool:
    return True


def measure(system: System, quick: bool) -> dict[str, float]:
    seconds = 5.0 if quick else 10.0
    with system.workers(2) as processes:
        # What was used is what stays: an idle worker that never worked would be a smaller one.
        system.call_many("add", [(1, 1)] * 200)
        system.wait_finished(200)
        time.sleep(2.0)
        used, written = _used(processes), _written(processes)
        began = time.perf_counter()
        time.sleep(seconds)
        elapsed = time.perf_counter() - began
        return {
            "cpu": (_used(processes) - used) / elapsed * 100,
            "writes": (_written(processes) - written) / elapsed / 1000,
            "rss": (processes[-1].memory_info().rss - _bare_interpreter()) / 1e6,
        }


def _used(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _written(processes: list[psutil.Process]) -> float:
    return float(sum(process.io_counters().write_chars for process in processes))


def _bare_interpreter() -> int:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bare:
        time.sleep(0.5)
        rss: int = psutil.Process(bare.pid).memory_info().rss
        bare.kill()
    return rss
