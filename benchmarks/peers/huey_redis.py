"""Huey on Redis: its consumer with process workers; results are waited for every millisecond."""

from __future__ import annotations

from typing import Any

from benchmarks.harness import workloads
from benchmarks.peers.on_redis import URL, RedisSystem
from huey import RedisHuey

huey = RedisHuey("bench", url=URL)
TASKS = {
    function.__name__: huey.task()(function) for function in (workloads.add, workloads.burn, workloads.hold)
}


class Peer(RedisSystem):
    command = (
        "-m",
        "huey.bin.huey_consumer",
        "benchmarks.peers.huey_redis.huey",
        "-k",
        "process",
        "-w",
        "{n}",
        "-q",
    )
    others = 1  # the scheduler

    def call(self, task: str, *args: Any) -> Any:
        return TASKS[task](*args)

    def result(self, handle: Any) -> Any:
        # Its default looks after 100 ms first.
        return handle.get(blocking=True, backoff=1, max_delay=0.001)

    def finished(self) -> int:
        return int(huey.storage.result_store_size())
