"""One connection with one thread: opened on first use, kept alive, opened again whatever ended it.

Everything that goes wrong has one cure: the connection is given up, and a new one declares exchange and queues,
sends again what was not confirmed and asks for messages again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import pika
from pika import exceptions

from pynenc.exceptions import StoreError, StoreUnavailableError
from pynenc_rabbitmq.conf import ConfigRabbitMq
from pynenc_rabbitmq.connection import Connection
from pynenc_rabbitmq.errors import translate
from pynenc_rabbitmq.loop import SharedLoop, Timer
from pynenc_rabbitmq.topology import Topology

logger = logging.getLogger(__name__)

#: A connection that held so long was a good one: after it pauses begin small again.
_GOOD_SECONDS = 5.0
_CLOSE_SECONDS = 2.0
#: Enough for an attempt to connect. Use of a connection that is away tries at once, but not more often than this.
_SHORTEST_PATIENCE_SECONDS = 0.3


class Part(Protocol):
    """What works on the connection; called by whoever has it."""

    def on_ready(self, connection: Any, channel: Any) -> None:
        """There is a new connection, and a channel on which everything is declared and confirms are on."""

    def on_lost(self, error: StoreError) -> None:
        """There is none any more, or it could not be opened."""


class Link:
    """Owns the connection of one process.

    Args:
        parameters: Of the driver.
        where: The server, without secrets.
        conf: Settings.
        topology: What is declared on each new connection.
    """

    def __init__(
        self, parameters: pika.ConnectionParameters, where: str, conf: ConfigRabbitMq, topology: Topology
    ) -> None:
        self.where = where
        self._parameters = parameters
        self._conf = conf
        self._topology = topology
        self.parts: list[Part] = []
        #: Why there is no connection; None while there is one.
        self.problem: StoreError | None = None
        #: Since when nothing can be published, by the local monotonic clock; None while it can.
        self.unusable_since: float | None = time.monotonic()
        #: Why the server takes nothing at the moment.
        self.blocked: str | None = None
        self.ready = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None  # guarded by self._lock
        self._closing = False
        self._loop = SharedLoop(self._give_up)
        # All of the rest belongs to whoever has the loop.
        self._connection: Any = None
        self._failures = 0
        self._ready_at = 0.0
        self._waiting: Timer | None = None
        self._tried_at = float("-inf")
        self._told = ""

    # -- any thread -----------------------------------------------------------------------------------

    def post(self, task: Callable[[], None]) -> None:
        """Have the thread do something with the connection soon, in the order of these calls."""
        with self._lock:
            if self._closing:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pynenc-rabbitmq", daemon=True)
                self._thread.start()
        self._loop.add_callback(partial(self._carry_out, task))

    def now(self, task: Callable[[], None]) -> None:
        """Do something with the connection on this thread: waking up another one takes as long as a message.

        While there is no connection, or somebody else uses it, the thread does it soon.
        """
        if not self.ready or not self._loop.call_now(task):
            self.post(task)

    def close(self, last: Callable[[], None]) -> None:
        """Do what was posted, and one thing more, close the connection and end the thread, if there are any."""
        with self._lock:
            self._closing = True
            thread = self._thread
        if thread is None:
            self._loop.close()
            return
        self._loop.add_callback(last)
        self._loop.add_callback(self._close)
        if thread is not threading.current_thread():
            thread.join(_CLOSE_SECONDS + 1)

    def patience(self, seconds: float) -> float:
        """How long to wait for something that should take no longer than that.

        An outage is waited for once: while it lasts, those who come later do not wait as long again.
        """
        since = self.unusable_since
        if since is None or (self.problem is None and self.blocked is None):
            return seconds
        return min(seconds, max(_SHORTEST_PATIENCE_SECONDS, since + seconds - time.monotonic()))

    # -- whoever has the connection -------------------------------------------------------------------

    def call_later(self, seconds: float, task: Callable[[], None]) -> None:
        """Have the thread do something after a time."""
        self._loop.call_later(seconds, task)

    def write(self, done: Callable[[], None]) -> None:
        """Hand what was published so far to the system, then do something."""
        if self._loop.write():
            done()
        else:
            # The loop writes what it can before it comes to what was added in this turn.
            self._loop.add_callback(done)

    def drop(self, reason: BaseException) -> None:
        """Give the connection up and open another one."""
        connection = self._connection
        if connection is not None:
            self._lost(connection, reason)
            with contextlib.suppress(Exception):  # boundary: it is worth nothing any more, whatever it says
                connection.close()

    def renew(self) -> None:
        """Replace the connection, because queues were deleted."""
        connection, self._connection = self._connection, None
        self.ready, self.unusable_since = False, time.monotonic()
        for part in self.parts:
            part.on_lost(StoreUnavailableError(f"{self.where}: the queues were purged"))
        if self._waiting is None:
            self._connect()
        if connection is not None:
            connection.close()

    def _run(self) -> None:
        self._loop.start()
        with contextlib.suppress(Exception):  # boundary: nobody needs it any more
            self._loop.close()

    def _carry_out(self, task: Callable[[], None]) -> None:
        self._connect_now()
        task()

    def _give_up(self, error: Exception) -> None:
        """Something went wrong that nobody expected: go on with a new connection."""
        logger.error("the connection to %s is given up", self.where, exc_info=error)
        self.drop(error)

    def _connect_now(self) -> None:
        """Somebody needs the connection: end the pause before the next attempt."""
        tried_now = time.monotonic() - self._tried_at <= _SHORTEST_PATIENCE_SECONDS
        if self._connection is None and not tried_now and not self._closing:
            if self._waiting is not None:
                self._loop.remove_timeout(self._waiting)
            self._connect()

    def _connect(self) -> None:
        self._waiting = None
        self._tried_at = time.monotonic()
        self._connection = Connection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._lost,
            on_close_callback=self._lost,
            custom_ioloop=self._loop,
        )

    def _on_open(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=partial(self._on_channel, connection))

    def _on_channel(self, connection: Any, channel: Any) -> None:
        channel.add_on_close_callback(self.on_channel_closed)
        self._topology.declare(channel, partial(self._on_declared, connection, channel))

    def _on_declared(self, connection: Any, channel: Any) -> None:
        if connection is not self._connection:
            return
        if self._told:
            logger.info("connected to %s again", self.where)
        self.problem, self.unusable_since, self._told = None, None, ""
        self.ready = True
        self._ready_at = time.monotonic()
        for part in self.parts:
            part.on_ready(connection, channel)

    def on_channel_closed(self, channel: Any, reason: BaseException) -> None:
        """A channel of the connection ended: unless it was closed here, something is wrong."""
        closed_here = isinstance(reason, exceptions.ChannelClosedByClient)
        if channel.connection is self._connection and not closed_here and not self._closing:
            self.drop(reason)

    def _on_blocked(self, _connection: Any, frame: Any) -> None:
        self.blocked = str(frame.method.reason)
        self.unusable_since = time.monotonic()
        logger.warning("%s takes no messages for now: %s", self.where, self.blocked)

    def _on_unblocked(self, _connection: Any, _frame: Any) -> None:
        self.blocked = None
        self.unusable_since = None
        logger.info("%s takes messages again", self.where)

    def _lost(self, connection: Any, reason: BaseException) -> None:
        if connection is not self._connection:
            return  # given up before
        self._connection = None
        if self._closing:
            self._loop.stop()
            return
        if self.ready and time.monotonic() - self._ready_at > _GOOD_SECONDS:
            self._failures = 0
        self._failures += 1
        error = translate(reason, self.where)
        self.problem, self.ready, self.blocked = error, False, None
        self.unusable_since = self.unusable_since or time.monotonic()
        if self._told != str(error):
            self._told = str(error)
            level = logging.WARNING if isinstance(error, StoreUnavailableError) else logging.ERROR
            logger.log(level, "no connection: %s", error)
        for part in self.parts:
            part.on_lost(error)
        self._schedule()

    def _schedule(self) -> None:
        conf = self._conf
        if conf.rabbitmq_retry_max_attempts and self._failures >= conf.rabbitmq_retry_max_attempts:
            self._failures = 0
            return  # the next use tries again
        growth = conf.rabbitmq_retry_exponential_base ** min(self._failures - 1, 60)
        pause = min(conf.rabbitmq_retry_initial_delay * growth, conf.rabbitmq_retry_max_delay)
        self._waiting = self._loop.call_later(pause, self._connect)

    def _close(self) -> None:
        self.ready = False
        if self._connection is None or not self._connection.is_open:
            self._loop.stop()
            return
        self._loop.call_later(_CLOSE_SECONDS, self._loop.stop)
        self._connection.close()
