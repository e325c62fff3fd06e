"""Dramatiq on Redis, or on RabbitMQ with results in Redis: two processes of one thread.

On RabbitMQ as it comes, which is classic queues and nothing confirmed, or as durable as pynenc, by its own option for
confirmations and, because it has none for the type of queues, another answer of the method that has their arguments.
"""

from __future__ import annotations

import os
from typing import Any

import dramatiq
from benchmarks.harness import workloads
from benchmarks.peers.on_redis import BROKER_URL, URL, RedisSystem
from dramatiq.broker import Broker
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

#: Type of the queues if what is sent is to be confirmed; worker processes find it as well.
_CONFIRMED = os.environ["BENCHMARK_VARIANT"].partition(":")[2]


class _TypedQueues(RabbitmqBroker):
    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        return {**super()._build_queue_arguments(queue_name), "x-queue-type": _CONFIRMED or "classic"}


if BROKER_URL == URL:
    broker: Broker = RedisBroker(url=URL)
else:
    broker = _TypedQueues(url=BROKER_URL, confirm_delivery=bool(_CONFIRMED))
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
