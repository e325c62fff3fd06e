"""Names, arguments and declaration of the exchange and the queues of one app."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynenc_rabbitmq.conf import ConfigRabbitMq

#: Grows when arguments of queues change: RabbitMQ refuses to declare a queue again with other ones.
_VERSION = "v1"
#: Far more than any message is delivered again; RabbitMQ 4 would drop it after 20 times.
_DELIVERIES = 1_000_000
#: Messages that are not ours are kept for somebody to look at, but not without end.
_DEAD_LETTERS = 10_000


@dataclass(frozen=True, slots=True)
class Topology:
    """Where the messages of one app are."""

    exchange: str
    exchange_type: str
    #: Ordinary messages.
    queue: str
    #: Messages that are delivered before all others.
    express: str
    #: Messages that are not ours.
    dead: str
    queue_type: str

    @classmethod
    def of(cls, conf: ConfigRabbitMq, app_id: str) -> Topology:
        """That of an app."""
        name = f"{conf.rabbitmq_queue_prefix}.{_slug(app_id)}"
        return cls(
            exchange=conf.rabbitmq_exchange_name,
            exchange_type=conf.rabbitmq_exchange_type,
            queue=f"{name}.default.{_VERSION}",
            express=f"{name}.express.{_VERSION}",
            dead=f"{name}.dead.{_VERSION}",
            queue_type=conf.rabbitmq_queue_type,
        )

    @property
    def queues(self) -> tuple[str, str]:
        """Those that deliver, the first one first."""
        return self.express, self.queue

    def declare(self, channel: Any, done: Callable[[], None]) -> None:
        """Make what does not exist; the driver sends one request after the other, ``done`` follows the last."""
        channel.exchange_declare(self.exchange, self.exchange_type, durable=True)
        for queue in self.queues:
            channel.queue_declare(queue, durable=True, arguments=self.arguments())
        for queue in self.queues:
            last = queue == self.queues[-1]
            channel.queue_bind(
                queue, self.exchange, routing_key=queue, callback=(lambda _: done()) if last else None
            )

    def declare_dead(self, channel: Any, done: Callable[[], None]) -> None:
        """Make the queue for messages that are not ours."""
        arguments = {"x-queue-type": self.queue_type, "x-max-length": _DEAD_LETTERS}
        channel.queue_declare(self.dead, durable=True, arguments=arguments, callback=lambda _: done())

    def arguments(self) -> dict[str, Any]:
        """Those of the queues that deliver."""
        arguments: dict[str, Any] = {"x-queue-type": self.queue_type, "x-overflow": "reject-publish"}
        if self.queue_type == "quorum":
            arguments["x-delivery-limit"] = _DELIVERIES
        return arguments


def _slug(app_id: str) -> str:
    """Part of a name: readable, without what has a meaning in patterns, and different for different app ids."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", app_id)[:40].strip("-")
    if readable == app_id:
        return readable
    return f"{readable}~{hashlib.sha256(app_id.encode()).hexdigest()[:16]}"
