"""Messages in the queues that are not ours: moved to where somebody may look at them."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

import pika

from pynenc_rabbitmq.topology import Topology

logger = logging.getLogger(__name__)

#: They are told of at most so often.
_COMPLAIN_SECONDS = 60.0


class Foreign:
    """Moves them to the queue of dead letters; used by the thread of the connection."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._complained_at = float("-inf")
        #: So many, in this process.
        self._number = 0
        self.forget()

    def forget(self) -> None:
        """There is another connection, and the queue may have been deleted."""
        self._channel: Any = None
        self._is_there = False
        #: Delivery tag, body, properties of the copy.
        self._waiting: list[tuple[int, bytes, Any]] = []

    def set_aside(self, channel: Any, queue: str, tag: int, properties: Any, body: bytes, why: str) -> None:
        """Move a message, as soon as there is where to."""
        self._number += 1
        now = time.monotonic()
        if now - self._complained_at > _COMPLAIN_SECONDS:
            self._complained_at = now
            logger.warning(
                "a message in queue '%s' is not ours (%s): it is moved to '%s', %d so far",
                queue, why, self._topology.dead, self._number,
            )  # fmt: skip
        headers = {**(properties.headers or {}), "x-pynenc-queue": queue, "x-pynenc-reason": why}
        copy = pika.BasicProperties(
            content_type=properties.content_type, type=properties.type, delivery_mode=2, headers=headers
        )
        self._waiting.append((tag, body, copy))
        if self._channel is None:
            self._channel = channel
            self._topology.declare_dead(channel, partial(self._move, channel))
        elif self._is_there:
            self._move(channel)

    def _move(self, channel: Any) -> None:
        if channel is not self._channel:
            return
        self._is_there = True
        for tag, body, copy in self._waiting:
            channel.basic_publish("", self._topology.dead, body, copy)
            channel.basic_ack(tag)
        self._waiting.clear()
