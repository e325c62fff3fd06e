"""Taskiq on Redis lists, called from synchronous code through one event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from benchmarks.harness import workloads
from benchmarks.peers.on_redis import URL, RedisSystem
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

broker = ListQueueBroker(url=URL).with_result_backend(
    RedisAsyncResultBackend(redis_url=URL, prefix_str="taskiq")
)
TASKS = {
    function.__name__: broker.task(function) for function in (workloads.add, workloads.burn, workloads.hold)
}


class Peer(RedisSystem):
    command = (
        "-m", "taskiq", "worker", "benchmarks.peers.taskiq_on_redis:broker", "-w", "{n}", "--log-level", "ERROR",
        "--max-threadpool-threads", "1",
    )  # fmt: skip
    pattern = "taskiq:*"

    def __init__(self, folder: Path, variant: str) -> None:
        super().__init__(folder, variant)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(broker.startup())

    def call(self, task: str, *args: Any) -> Any:
        return self._loop.run_until_complete(TASKS[task].kiq(*args))

    def result(self, handle: Any) -> Any:
        found = self._loop.run_until_complete(handle.wait_result(check_interval=0.001, timeout=60))
        return found.return_value
