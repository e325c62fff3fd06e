"""Celery on Redis, or on RabbitMQ with results in Redis; it acknowledges late, as its documentation advises."""

from __future__ import annotations

from typing import Any

from benchmarks.harness import workloads
from benchmarks.peers.on_redis import BROKER_URL, URL, RedisSystem
from celery import Celery

app = Celery("bench", broker=BROKER_URL, backend=URL)
app.conf.task_acks_late = True
TASKS = {
    function.__name__: app.task(name=function.__name__)(function)
    for function in (workloads.add, workloads.burn, workloads.hold)
}


class Peer(RedisSystem):
    command = (
        "-m", "celery", "-A", "benchmarks.peers.celery_app", "worker", "-c", "{n}", "-l", "ERROR", "--without-mingle",
        "--without-gossip",
    )  # fmt: skip
    pattern = "celery-task-meta-*"

    def call(self, task: str, *args: Any) -> Any:
        return TASKS[task].delay(*args)

    def result(self, handle: Any) -> Any:
        return handle.get(timeout=60)
