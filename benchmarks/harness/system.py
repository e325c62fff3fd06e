"""What a scenario sees of a task system: the same few verbs for pynenc and for every peer."""

from __future__ import annotations

import os
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import psutil

#: A measurement that takes longer than this is broken.
PATIENCE_SECONDS = 300.0


class System(ABC):
    """One task system on one store, in the process of the caller; its files are in a fresh folder.

    Every system has the tasks of ``harness.workloads`` and stores the results of all of them.
    """

    is_peer: ClassVar[bool] = True
    #: Its callers look for results rarely.
    is_slow_to_hear: ClassVar[bool] = False
    #: So many calls keep two workers busy: one worker may take several ahead, and another one none.
    holders: ClassVar[int] = 2

    def __init__(self, folder: Path, variant: str) -> None:
        self.folder = folder
        self.variant = variant

    @abstractmethod
    def call(self, task: str, *args: Any) -> Any:
        """Call a task once; returns a handle."""

    @abstractmethod
    def call_many(self, task: str, calls: Sequence[tuple[Any, ...]]) -> Any:
        """Call a task many times, by the fastest way that the system offers."""

    @abstractmethod
    def result(self, handle: Any) -> Any:
        """Wait for a result, as the system's users do."""

    @abstractmethod
    def finished(self) -> int:
        """How many calls have a stored result; a cheap look from outside."""

    @abstractmethod
    @contextmanager
    def workers(self, processes: int) -> Iterator[list[psutil.Process]]:
        """Run workers; gives their processes, that of their parent first."""
        yield []

    def replay(self, handle: Any) -> None:
        """Run a workflow again from what it recorded, to its end; of those that have workflows."""
        raise NotImplementedError(f"{type(self).__name__} has no workflows")

    def wait_finished(self, count: int) -> None:
        """Wait until so many calls are finished, looking every 5 ms, or less often where a look takes long."""
        until(lambda: self.finished() >= count, 0.005)

    def database_bytes(self) -> int:
        """Size of the databases, once their logs are copied into them."""
        if "BENCHMARK_REDIS" in os.environ:
            return _used_memory()
        if "BENCHMARK_MONGODB" in os.environ:
            from benchmarks.harness import mongodb_server  # noqa: PLC0415 - only a run on MongoDB needs its driver

            return mongodb_server.stored_bytes()
        total = 0
        for path in self.folder.glob("*.db"):
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            total += path.stat().st_size
        return total

    @contextmanager
    def held_workers(self, processes: int) -> Iterator[Callable[[], None]]:
        """Warm workers that are all busy until the given function lets them go."""
        gate = self.folder / "gate"
        with self.workers(processes):
            before = self.finished()
            self.call_many("add", [(1, 1)] * 200)
            self.wait_finished(before + 200)
            for number in range(self.holders):
                self.call("hold", str(gate), str(number))
            until(lambda: len(list(self.folder.glob("gate.*"))) >= processes, 0.005)
            yield gate.touch


def _used_memory() -> int:
    from redis import Redis  # noqa: PLC0415 - only a measurement of Redis needs it

    with Redis.from_url(os.environ["BENCHMARK_REDIS"]) as client:
        return int(client.info("memory")["used_memory_dataset"])


@dataclass(frozen=True)
class Metric:
    """One number that a scenario measures."""

    key: str
    title: str
    unit: str
    more_is_better: bool


def until(condition: Callable[[], bool], pause: float) -> None:
    """Wait for a condition. To look takes a tenth of the time at most: it may load the server that is measured."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        began = time.monotonic()
        if condition():
            return
        looked = time.monotonic()
        if looked > deadline:
            raise TimeoutError("the workload did not end in time")
        time.sleep(max(pause, 9 * (looked - began)))
