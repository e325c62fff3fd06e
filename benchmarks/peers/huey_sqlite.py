"""Huey on SQLite: its consumer with process workers, everything else as it comes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from benchmarks.harness import workloads
from benchmarks.harness.system import System
from benchmarks.harness.worker_group import worker_group
from huey import SqliteHuey

# Without ``fsync`` Huey leaves SQLite at synchronous = FULL; with fsync=False it is OFF.
_OPTIONS: dict[str, Any] = {"fsync": False} if os.environ["BENCHMARK_VARIANT"] == "nosync" else {}
huey = SqliteHuey("bench", filename=str(Path(os.environ["BENCHMARK_FOLDER"]) / "huey.db"), **_OPTIONS)

TASKS = {
    function.__name__: huey.task()(function) for function in (workloads.add, workloads.burn, workloads.hold)
}


class HueySystem(System):
    """The instance above; worker processes import it from here."""

    is_slow_to_hear = True  # after 50 ms first

    def call(self, task: str, *args: Any) -> Any:
        return TASKS[task](*args)

    def call_many(self, task: str, calls: Sequence[tuple[Any, ...]]) -> Any:
        return [TASKS[task](*args) for args in calls]

    def result(self, handle: Any) -> Any:
        return handle.get(blocking=True)

    def finished(self) -> int:
        return int(huey.storage.result_store_size())

    @contextmanager
    def workers(self, processes: int) -> Iterator[list[psutil.Process]]:
        command = ["-m", "huey.bin.huey_consumer", "benchmarks.peers.huey_sqlite.huey"]
        # One child more: the scheduler.
        options = ["-k", "process", "-w", str(processes), "-q"]
        with worker_group([*command, *options], {}, processes + 1) as group:
            yield group
