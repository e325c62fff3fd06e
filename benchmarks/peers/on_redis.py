"""What the peers with results in Redis have in common: how they are called, and how their results are counted."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import psutil
from benchmarks.harness.system import System
from benchmarks.harness.worker_group import worker_group
from redis import Redis

URL = os.environ["BENCHMARK_REDIS"]
#: Where the messages are.
BROKER_URL = os.environ.get("BENCHMARK_RABBITMQ", URL)


class RedisSystem(System):
    """A peer whose results are keys, or fields of a hash, of one Redis."""

    holders = 12
    #: Command of the workers, without ``python``; ``{n}`` is their number.
    command: ClassVar[tuple[str, ...]]
    #: How many processes its command starts beside the workers.
    others: ClassVar[int] = 0
    #: Keys of results.
    pattern: ClassVar[str]

    def __init__(self, folder: Path, variant: str) -> None:
        super().__init__(folder, variant)
        self.client = Redis.from_url(URL)

    @abstractmethod
    def call(self, task: str, *args: Any) -> Any: ...

    def call_many(self, task: str, calls: Sequence[tuple[Any, ...]]) -> Any:
        return [self.call(task, *args) for args in calls]

    def finished(self) -> int:
        """Counts keys; the databases of these measurements hold little else."""
        return sum(1 for _ in self.client.scan_iter(self.pattern, count=5000))

    @contextmanager
    def workers(self, processes: int) -> Iterator[list[psutil.Process]]:
        words = [word.format(n=processes) for word in self.command]
        with worker_group(words, {}, processes + self.others) as group:
            yield group
