"""Publishing: every message is mandatory and confirmed, and a batch shares one wait."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import pika

from pynenc.exceptions import StoreError, StoreFullError, StoreUnavailableError
from pynenc_rabbitmq.conf import ConfigRabbitMq
from pynenc_rabbitmq.link import Link
from pynenc_rabbitmq.message import properties_for
from pynenc_rabbitmq.topology import Topology

#: So many messages are written at a time, so that heartbeats and deliveries are served in between.
_SLICE = 200


class _Publication:
    """One call of ``push``."""

    __slots__ = ("bodies", "done", "error", "queue", "unconfirmed")

    def __init__(self, bodies: list[bytes], queue: str) -> None:
        self.bodies = bodies
        self.queue = queue
        #: Positions in ``bodies``, in order.
        self.unconfirmed = dict.fromkeys(range(len(bodies)))
        self.done = threading.Event()
        self.error: StoreError | None = None

    def end(self, error: StoreError | None = None) -> None:
        """Let the caller go on."""
        self.error = error
        self.done.set()


class Publisher:
    """Publishes for all threads of a process."""

    def __init__(self, link: Link, topology: Topology, conf: ConfigRabbitMq, app_id: str) -> None:
        self._link = link
        self._topology = topology
        self._confirms = conf.rabbitmq_confirm_delivery
        self._patience = conf.publish_timeout_seconds
        self._properties = properties_for(app_id, conf.rabbitmq_message_ttl)
        self._lock = threading.Lock()
        self._open: dict[_Publication, None] = {}  # guarded by self._lock
        # All of the rest belongs to the thread of the connection.
        self._channel: Any = None
        self._tag = 0
        self._sent: dict[int, tuple[_Publication, int]] = {}

    def publish(self, bodies: list[bytes], queue: str) -> None:
        """Return once the server has confirmed all of them.

        Raises:
            StoreUnavailableError: there was no connection or no confirmation for ``publish_timeout_seconds``. What
                was sent may arrive nevertheless.
            StoreFullError: the queue takes no more.
            StoreError: settings or rights are wrong.
        """
        problem = self._link.problem
        if problem is not None and not isinstance(problem, StoreUnavailableError):
            raise type(problem)(str(problem)) from problem
        publication = _Publication(bodies, queue)
        with self._lock:
            self._open[publication] = None
        self._link.post(partial(self._send, publication))
        if not publication.done.wait(self._link.patience(self._patience)):
            self._give_up(publication)
        with self._lock:
            self._open.pop(publication, None)
        if publication.error is not None:
            raise publication.error

    def _give_up(self, publication: _Publication) -> None:
        link = self._link
        what = f"{link.where} did not confirm {len(publication.unconfirmed)} messages in time"
        why = link.blocked or (str(link.problem) if link.problem else "")
        # A connection that is dead without having been closed is found out by its heartbeats.
        publication.error = StoreUnavailableError(f"{what}: {why}" if why else what)

    # -- the thread of the connection -----------------------------------------------------------------

    def on_ready(self, _connection: Any, channel: Any) -> None:
        """Send what is not confirmed."""
        self._channel, self._tag, self._sent = channel, 0, {}
        channel.add_on_return_callback(self._on_return)
        if self._confirms:
            channel.confirm_delivery(self._on_confirm)
        with self._lock:
            waiting = list(self._open)
        for publication in waiting:
            self._send(publication)

    def on_lost(self, error: StoreError) -> None:
        """What does not pass by waiting is told to those who wait."""
        self._channel = None
        if not isinstance(error, StoreUnavailableError):
            with self._lock:
                waiting = list(self._open)
            for publication in waiting:
                publication.end(error)

    def _send(self, publication: _Publication) -> None:
        if self._channel is not None and not publication.done.is_set():
            self._send_slice(self._channel, publication, list(publication.unconfirmed), 0)

    def _send_slice(self, channel: Any, publication: _Publication, positions: Sequence[int], at: int) -> None:
        if channel is not self._channel:
            return  # the next connection sends all of it again
        exchange, queue = self._topology.exchange, publication.queue
        for position in positions[at : at + _SLICE]:
            self._tag += 1
            self._sent[self._tag] = publication, position
            channel.basic_publish(
                exchange, queue, publication.bodies[position], self._properties, mandatory=True
            )
        if at + _SLICE < len(positions):
            self._link.call_later(0, partial(self._send_slice, channel, publication, positions, at + _SLICE))
        elif not self._confirms:
            self._sent.clear()
            publication.end()

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        last: int = method.delivery_tag
        tags = [tag for tag in self._sent if tag <= last] if method.multiple else [last]
        refused = isinstance(method, pika.spec.Basic.Nack)
        for tag in tags:
            publication, position = self._sent.pop(tag, (None, 0))
            if publication is None:
                continue
            if refused:
                publication.end(
                    StoreFullError(
                        f"queue '{publication.queue}' at {self._link.where} takes no more messages: raise its length "
                        "limit"
                    )
                )
                continue
            publication.unconfirmed.pop(position, None)
            if not publication.unconfirmed:
                publication.end()

    def _on_return(self, _channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        # It comes before the confirmation, so that the next connection sends the message again.
        reason = f"queue '{method.routing_key}' is gone ({method.reply_text})"
        self._link.drop(StoreUnavailableError(reason))
