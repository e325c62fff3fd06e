"""Dramatiq on Redis, or on RabbitMQ with results in Redis: two processes of one thread."""

from __future__ import annotations

from typing import Any

import dramatiq
from benchmarks.harness import workloads
from benchmarks.peers.on_redis import BROKER_URL, URL, RedisSystem
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

broker = (RedisBroker if BROKER_URL == URL else RabbitmqBroker)(url=BROKER_URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)
TASKS = {
    function.__name__: dramatiq.actor(store_results=True)(function)
    for function in (workloads.add, workloads.burn, workloads.hold)
}


class Peer(RedisSystem):
    command = ("-m", "dramatiq", "benchmarks.peers.dramatiq_actors", "-p", "{n}", "-t", "1", "--skip-logging")
    pattern = "?" * 32  # digests, and nothing else has so many characters

    def call(self, task: str, *args: Any) -> Any:
        return TASKS[task].send(*args)

    def result(self, handle: Any) -> Any:
        return handle.get_result(block=True, timeout=60_000)
