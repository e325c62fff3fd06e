"""``fib(15)``: 1,973 invocations, nearly half of which wait for two others."""

import threading
import time

import psutil
from benchmarks.harness.system import Metric, System
from benchmarks.harness.systems import Candidate, is_peer

METRICS = (
    Metric("seconds", "fib(15), 1,973 nested calls", "s", False),
    Metric("threads", "threads per process meanwhile", "at most", False),
)
REPETITIONS = 5


def applies(candidate: Candidate) -> bool:
    return not is_peer(candidate)  # waiting inside of tasks would block Huey's two workers for ever


def measure(system: System, quick: bool) -> dict[str, float]:
    with system.workers(2) as processes:
        assert system.result(system.call("fib", 6)) == 8
        highest = _Highest(processes)
        began = time.perf_counter()
        value = system.result(system.call("fib", 15))
        seconds = time.perf_counter() - began
        assert value == 610, value
        return {"seconds": seconds, "threads": highest.end()}


class _Highest:
    """Looks at the number of threads every 20 ms."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self._processes = processes
        self._highest = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self._highest

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self._highest = max(self._highest, *(process.num_threads() for process in self._processes))
