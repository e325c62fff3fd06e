"""How this process hears of invocations: one subscription to a channel of its own, on one thread.

The scripts publish to a channel only what its process asked for. Whenever the subscription had to be made again,
everything that is watched is asked for again, so that nothing is missed meanwhile.
"""

from __future__ import annotations

import logging
import socket
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from redis.connection import AbstractConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as DriverTimeoutError

from pynenc.contracts.heard import HeardEnds
from pynenc.contracts.watches import Watch, Watches, deliver
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId
from pynenc_redis import scripts
from pynenc_redis.codec.texts import scan
from pynenc_redis.connections import Connections, socket_of

logger = logging.getLogger(__name__)

_WATCH = scripts.load("watch", *scripts.NEW)
#: Without a message for so long the server is asked for a sign of life, which it has as long to give.
_QUIET_SECONDS = 5.0
_PAUSES = (0.02, 0.05, 0.1, 0.25, 0.5)
#: How long a new watch waits for the first subscription.
_FIRST_SECONDS = 1.0
_BATCH = 1000


class Subscription:
    """What one process watches on one store.

    Args:
        connections: To the server.
        prefix: Of the keys and channels of the app.
        quiet_seconds: Without a message for so long, if not sooner, the server is asked for a sign of life.
    """

    def __init__(self, connections: Connections, prefix: str, quiet_seconds: float) -> None:
        self._connections = connections
        self._prefix = prefix
        self._quiet_seconds = min(_QUIET_SECONDS, quiet_seconds)
        self.start_anew()

    def start_anew(self) -> None:
        """Without anybody who watches."""
        self._channel = f"{self._prefix}done:{uuid.uuid4().hex}"
        self._lock = threading.Lock()
        self._watched = Watches()  # guarded by self._lock
        #: Status, epoch and outcome of watched ones that ended.
        self.heard: HeardEnds[list[Any]] = HeardEnds()
        self._thread: threading.Thread | None = None  # guarded by self._lock
        self._connection: AbstractConnection | None = None
        self._listening = threading.Event()
        #: Something could not be asked for: all of it is asked for again.
        self._owing = False
        self._occurred = threading.Condition()
        #: Counts the announcements of occurrences. Guarded by self._occurred.
        self.occurrence_marker = 0
        #: Whether the subscription includes them; only processes that react to them ask for it.
        self._hears_occurrences = False

    # -- who watches what -----------------------------------------------------------------------------

    def subscribe(self, watch: Watch, ids: Iterable[InvocationId], available: bool) -> None:
        """Watch ids; those that are final already are reported before this returns."""
        wanted = list(ids)
        with self._lock:
            self._watched.add(watch, wanted, available)
            self._ensure_thread()
        # What becomes final before the server knows the channel would be said to nobody.
        self._listening.wait(_FIRST_SECONDS)
        try:
            self._ask(wanted, available)
        except StoreError as error:
            logger.debug("cannot watch yet: %s", error)
            self._owing = True

    def unsubscribe(self, watch: Watch, ids: Iterable[InvocationId] | None) -> None:
        """Watch these no longer, or nothing at all; what the server says about them is ignored."""
        with self._lock:
            self._watched.discard(watch, ids)

    def wait_for_occurrences(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the marker moved."""
        with self._lock:
            if not self._hears_occurrences:
                self._hears_occurrences = True
                self._break_off()
            self._ensure_thread()
        with self._occurred:
            return self._occurred.wait_for(lambda: self.occurrence_marker != marker, timeout_seconds)

    def note_occurrences(self) -> None:
        """Let everybody look for occurrences."""
        with self._occurred:
            self.occurrence_marker += 1
            self._occurred.notify_all()

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._listening.clear()
            self._thread = threading.Thread(target=self._run, name="pynenc-redis-subscription", daemon=True)
            self._thread.start()

    def _break_off(self) -> None:
        """Let the thread notice that something changed; it subscribes again, unless it is to end."""
        connection = self._connection
        if connection is not None:
            with suppress(RedisError, OSError):  # it may be closed already
                socket_of(connection).shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the thread; the next watch starts another one."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._break_off()
        if thread is not None and thread is not threading.current_thread():
            thread.join(2 * _QUIET_SECONDS)

    def _ask(self, ids: list[InvocationId], available: bool) -> None:
        for at in range(0, len(ids), _BATCH):
            chunk = ids[at : at + _BATCH]
            final = self._connections.run(
                _WATCH, 1, self._prefix, self._channel, int(available), *chunk, writes=False
            )
            self._note({row[0]: row[1:] or "final" for row in final})

    def _note(self, news: Mapping[str, str | list[Any]]) -> None:
        """By id: ``available``, or ``final``, or the state that is final."""
        with self._lock:
            for text, what in news.items():
                invocation_id = InvocationId(text)
                if what == "available":
                    self._watched.note_available(invocation_id)
                else:
                    if isinstance(what, list) and invocation_id in self._watched:
                        self.heard.note(invocation_id, what)
                    self._watched.note_final(invocation_id)
            reports = self._watched.take_reports()
        deliver(reports)

    # -- the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        me = threading.current_thread()
        failures = 0
        while self._is_wanted(me):
            try:
                with self._subscribed() as connection:
                    failures = 0
                    while self._is_wanted(me):
                        self._listen(connection)
            except (RedisError, OSError, StoreError) as error:
                if not self._is_wanted(me):
                    return
                if failures == 1:
                    logger.warning("cannot hear of results, trying again: %s", error)
                threading.Event().wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1

    def _is_wanted(self, me: threading.Thread) -> bool:
        with self._lock:
            return self._thread is me

    @contextmanager
    def _subscribed(self) -> Iterator[AbstractConnection]:
        # The older protocol: messages are ordinary answers, for every version of the driver.
        connection = self._connections.connect(protocol=2, socket_timeout=self._quiet_seconds)
        try:
            with self._lock:
                self._connection = connection
                channels = [self._channel, *([f"{self._prefix}occurred"] if self._hears_occurrences else [])]
            connection.send_command("SUBSCRIBE", *channels)
            for _ in channels:
                connection.read_response()
            # Something may have occurred before.
            self.note_occurrences()
            # Before anybody who waits for this goes on: what ends then would be reported without its state.
            self._ask_again()
            self._listening.set()
            yield connection
        finally:
            connection.disconnect()

    def _listen(self, connection: AbstractConnection) -> None:
        if self._owing:
            self._owing = False
            self._ask_again()
        try:
            # Waits in the read itself: between two messages a thread that was told of the first one wants to go on.
            message = connection.read_response(disconnect_on_error=False)
        except DriverTimeoutError:
            connection.send_command("PING")
            message = connection.read_response()
        if message[0] == "message" and message[1] != self._channel:
            self.note_occurrences()
        elif message[0] == "message":
            self._note(scan(message[2], 0)[0])

    def _ask_again(self) -> None:
        with self._lock:
            wanting = self._watched.wanted()
        for available in (False, True):
            self._ask([i for i, wants in wanting.items() if wants is available], available)
