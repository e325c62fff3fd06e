"""Publishing: every message is mandatory and confirmed; a batch shares one wait.

What a message is about is stored already, so a caller waits for the server to have the message, not for the server
to have written it down, as long as the server has been confirming in time. What is not confirmed is kept, and sent
again on the next connection.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from typing import Any

import pika

from pynenc.exceptions import StoreError, StoreFullError, StoreUnavailableError
from pynenc.values.bell import Bell
from pynenc.values.ids import InvocationId
from pynenc_rabbitmq.conf import ConfigRabbitMq
from pynenc_rabbitmq.connection import Address
from pynenc_rabbitmq.link import Link
from pynenc_rabbitmq.message import properties_for
from pynenc_rabbitmq.topology import Topology

logger = logging.getLogger(__name__)

#: So many messages are written at a time, so that heartbeats and deliveries are served in between.
_SLICE = 200
#: With more messages that are not confirmed, or one that is not for so long, callers wait for confirmations.
_MOST_UNCONFIRMED = 10_000
_LATE_SECONDS = 1.0


class Publication:
    """One call of ``push``."""

    __slots__ = (
        "began",
        "bell",
        "bodies",
        "ended",
        "error",
        "goes_on",
        "is_trusting",
        "queue",
        "unconfirmed",
    )

    def __init__(self, bodies: list[bytes], queue: str) -> None:
        self.bodies = bodies
        self.queue = queue
        #: Positions in ``bodies``, in order.
        self.unconfirmed = dict.fromkeys(range(len(bodies)))
        self.began = 0.0
        #: Whether the caller goes on once all of it is sent.
        self.is_trusting = False
        #: Whether the caller goes on, and what it waits for until then.
        self.goes_on = False
        self.bell = Bell()
        #: Whether it needs to be sent no more.
        self.ended = False
        self.error: StoreError | None = None

    def go_on(self) -> None:
        """Let the caller go on."""
        self.goes_on = True
        self.bell.ring()


class Publisher:
    """Publishes for all threads of a process."""

    def __init__(self, link: Link, topology: Topology, conf: ConfigRabbitMq, app_id: str) -> None:
        self._link = link
        self._confirms = conf.rabbitmq_confirm_delivery
        self._patience = conf.publish_timeout_seconds
        properties = properties_for(app_id, conf.rabbitmq_message_ttl)
        self._addresses = {queue: Address(topology.exchange, queue, properties) for queue in topology.queues}
        self._lock = threading.Lock()
        #: Notified when a publication ended.
        self._ended = threading.Condition(self._lock)
        # All guarded by self._lock.
        #: In the order in which they began.
        self._open: dict[Publication, None] = {}
        self._unconfirmed = 0
        #: Whether the last thing that the server said on this connection was a confirmation.
        self._confirming = False
        # All of the rest belongs to whoever has the connection.
        self._connection: Any = None
        self._channel: Any = None
        self._tag = 0
        self._sent: dict[int, tuple[Publication, int]] = {}

    def prepare(self, ids: Sequence[InvocationId], queue: str) -> Publication:
        """What ``publish`` sends to a queue, once."""
        return Publication([invocation_id.encode() for invocation_id in ids], queue)

    def publish(self, publication: Publication, *, trusting: bool) -> None:
        """Return once the server has confirmed all of it.

        Args:
            publication: What is sent.
            trusting: Whether it is enough that all are sent, if the server has been confirming in time.

        Raises:
            StoreUnavailableError: there was no connection or no confirmation for ``publish_timeout_seconds``. What
                was sent may arrive nevertheless.
            StoreFullError: the queue takes no more.
            StoreError: settings or rights are wrong.
        """
        problem = self._link.problem
        if problem is not None and not isinstance(problem, StoreUnavailableError):
            raise type(problem)(str(problem)) from problem
        publication.began = time.monotonic()
        with self._lock:
            publication.is_trusting = trusting and self._trusts()
            self._open[publication] = None
            self._unconfirmed += len(publication.bodies)
        self._link.now(partial(self._send, publication))
        if not (publication.goes_on or publication.bell.wait(self._link.patience(self._patience))):
            self._give_up(publication)
        if publication.error is not None:
            raise publication.error

    def flush(self) -> None:
        """Wait until everything that was published so far is confirmed, or was given up, or for as long as a call."""
        with self._ended:
            waiting = list(self._open)
            self._ended.wait_for(
                lambda: all(one.ended for one in waiting), self._link.patience(self._patience)
            )

    def forget(self) -> None:
        """Send nothing again."""
        with self._lock:
            for publication in self._open:
                publication.ended = True
                publication.go_on()
            self._open.clear()
            self._unconfirmed = 0
            self._ended.notify_all()

    def _trusts(self) -> bool:
        """Whether a caller may rely on the server; called with the lock held."""
        oldest = next(iter(self._open), None)
        return (
            self._confirming
            and self._link.blocked is None
            and self._unconfirmed < _MOST_UNCONFIRMED
            and (oldest is None or time.monotonic() - oldest.began < _LATE_SECONDS)
        )

    def _give_up(self, publication: Publication) -> None:
        link = self._link
        what = f"{link.where} did not confirm {len(publication.unconfirmed)} messages in time"
        why = link.blocked or (str(link.problem) if link.problem else "")
        # A connection that is dead without having been closed is found out by its heartbeats.
        self._end(publication, StoreUnavailableError(f"{what}: {why}" if why else what))

    def _end(self, publication: Publication, error: StoreError | None = None) -> None:
        """Let the caller go on, and send it no more."""
        with self._lock:
            if publication.ended:
                return
            publication.ended = True
            del self._open[publication]
            self._unconfirmed -= len(publication.bodies)
            self._confirming = error is None
            self._ended.notify_all()
        if error is not None and publication.goes_on:
            logger.warning(
                "%d messages that were sent are not queued (%s); a runner will do it",
                len(publication.unconfirmed), error,
            )  # fmt: skip
        publication.error = error
        publication.go_on()

    # -- whoever has the connection -------------------------------------------------------------------

    def on_ready(self, connection: Any, channel: Any) -> None:
        """Send what is not confirmed."""
        self._connection = connection
        self._use(channel)

    def _use(self, channel: Any) -> None:
        self._channel, self._tag, self._sent = channel, 0, {}
        channel.add_on_return_callback(self._on_return)
        if self._confirms:
            channel.confirm_delivery(partial(self._on_confirm, channel))
            self._connection.recognise_confirms(channel.channel_number, partial(self._on_confirmed, channel))
        with self._lock:
            waiting = list(self._open)
        for publication in waiting:
            self._send(publication)

    def on_lost(self, error: StoreError) -> None:
        """What does not pass by waiting is told to those who wait."""
        self._connection = self._channel = None
        with self._lock:
            self._confirming = False
            waiting = list(self._open)
        if not isinstance(error, StoreUnavailableError):
            for publication in waiting:
                self._end(publication, error)

    def _send(self, publication: Publication) -> None:
        if self._channel is not None and not publication.ended:
            self._send_slice(self._channel, publication, list(publication.unconfirmed), 0)

    def _send_slice(self, channel: Any, publication: Publication, positions: Sequence[int], at: int) -> None:
        if channel is not self._channel:
            return  # the next connection sends all of it again
        these = positions[at : at + _SLICE]
        bodies = []
        for position in these:
            self._tag += 1
            self._sent[self._tag] = publication, position
            bodies.append(publication.bodies[position])
        channel.connection.publish(channel, self._addresses[publication.queue], bodies)
        if at + _SLICE < len(positions):
            self._link.call_later(0, partial(self._send_slice, channel, publication, positions, at + _SLICE))
        else:
            self._link.write(partial(self._on_written, publication))

    def _on_written(self, publication: Publication) -> None:
        if not self._confirms:
            self._sent.clear()
            self._end(publication)
        elif publication.is_trusting:
            publication.go_on()

    def _on_confirm(self, channel: Any, frame: Any) -> None:
        method = frame.method
        if isinstance(method, pika.spec.Basic.Nack):
            self._on_refused(channel, method.delivery_tag, method.multiple)
        else:
            self._on_confirmed(channel, method.delivery_tag, method.multiple)

    def _on_confirmed(self, channel: Any, last: int, multiple: bool) -> None:
        for publication, position in self._answered(channel, last, multiple):
            publication.unconfirmed.pop(position, None)
            if not publication.unconfirmed:
                self._end(publication)

    def _on_refused(self, channel: Any, last: int, multiple: bool) -> None:
        for publication, _ in self._answered(channel, last, multiple):
            what = f"queue '{publication.queue}' at {self._link.where} takes no more messages"
            self._end(publication, StoreFullError(f"{what}: raise its length limit"))
        if channel is self._channel:
            self._change_channel()

    def _answered(self, channel: Any, last: int, multiple: bool) -> list[tuple[Publication, int]]:
        """What an answer of the server is about, which is not waited for any more."""
        if channel is not self._channel:
            return []
        tags = list(takewhile(lambda tag: tag <= last, self._sent)) if multiple else [last]
        return [sent for tag in tags if (sent := self._sent.pop(tag, None))]

    def _change_channel(self) -> None:
        """Publish on another channel: a quorum queue goes on refusing one that it refused, whatever room there is."""
        refused, self._channel = self._channel, None
        self._connection.channel(on_open_callback=self._on_channel)
        refused.close()

    def _on_channel(self, channel: Any) -> None:
        if channel.connection is self._connection:
            channel.add_on_close_callback(self._link.on_channel_closed)
            self._use(channel)

    def _on_return(self, _channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        # It comes before the confirmation, so that the next connection sends the message again.
        reason = f"queue '{method.routing_key}' is gone ({method.reply_text})"
        self._link.drop(StoreUnavailableError(reason))
