"""RQ on Redis: a pool of workers; results are waited for as its users do, by looking."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.harness import workloads
from benchmarks.peers.on_redis import URL, RedisSystem
from redis import Redis
from rq import Queue

queue = Queue(connection=Redis.from_url(URL))


class Peer(RedisSystem):
    command = ("-m", "rq.cli", "worker-pool", "-u", URL, "-n", "{n}", "-q", "default")
    pattern = "rq:results:*"

    def call(self, task: str, *args: Any) -> Any:
        return queue.enqueue(getattr(workloads, task), *args)

    def result(self, handle: Any) -> Any:
        while (value := handle.return_value(refresh=True)) is None:
            time.sleep(0.001)
        return value
