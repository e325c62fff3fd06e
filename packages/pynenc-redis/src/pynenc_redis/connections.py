"""The connections of one process to the server that has the keys of an app."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

from hiredis import pack_command
from redis.connection import AbstractConnection
from redis.exceptions import AuthenticationError, AuthorizationError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as DriverConnectionError
from redis.exceptions import TimeoutError as DriverTimeoutError

from pynenc.exceptions import (
    CommitUnknownError,
    CorruptDataError,
    StoreBusyError,
    StoreError,
    StoreUnavailableError,
)
from pynenc_redis.errors import from_handshake, from_reply, word_of
from pynenc_redis.scripts import Script
from pynenc_redis.topology import Topology

_OLDEST = (6, 2)
#: A connection that was idle for longer is looked at before it is used: the server may have closed it.
_TRUSTED_SECONDS = 0.1
#: Replies that say that another server has to be asked.
_ELSEWHERE = frozenset({"READONLY", "MOVED", "MASTERDOWN", "CLUSTERDOWN", "LOADING", "UNBLOCKED"})
#: What the driver raises when a connection is of no use any longer.
_BROKEN = (DriverConnectionError, DriverTimeoutError, OSError)
#: What is translated: these, refusals by the server, and texts that are none.
_TRANSLATED = (ResponseError, UnicodeDecodeError, UnicodeEncodeError, *_BROKEN)


class Limits(NamedTuple):
    """What a process does with one server at most."""

    connections: int
    #: How long a thread waits for one.
    wait_seconds: float
    #: How often connecting, and a read whose connection broke, is tried.
    attempts: int
    #: After the first of these attempts; each pause is twice the one before, up to the longest.
    pause_seconds: float
    longest_pause_seconds: float
    #: A connection that was idle for longer is looked at before it is used, if not sooner.
    trusted_seconds: float


class Connections:
    """Lends connections to threads; a forked child makes its own.

    Args:
        where: The server, for messages; without secrets.
        connection_class: Of the driver.
        options: Its arguments.
        topology: Says which server it is at the moment.
        limits: How many, how long, how often.
        examine: Called with each new connection; raises StoreError when it must not be used.
    """

    def __init__(
        self,
        where: str,
        connection_class: type[AbstractConnection],
        options: Mapping[str, Any],
        topology: Topology,
        limits: Limits,
        examine: Callable[[AbstractConnection], None],
    ) -> None:
        self.where = where
        self._connection_class = connection_class
        self._options = options
        self._topology = topology
        self._limits = limits
        self._trusted_seconds = min(_TRUSTED_SECONDS, limits.trusted_seconds)
        self._examine = examine
        #: After each attempt; None after the last one.
        self._pauses: list[float | None] = [
            min(limits.pause_seconds * 2**at, limits.longest_pause_seconds)
            for at in range(limits.attempts - 1)
        ]
        self._pauses.append(None)
        self.start_anew()

    def start_anew(self) -> None:
        """Forget every connection without closing it: in a child, they belong to the parent, which uses them."""
        #: Connections that nobody uses, and since when.
        self._idle: deque[tuple[AbstractConnection, float]] = deque()
        #: Only whoever finds none of them idle looks at the rest.
        self._freed = threading.Condition()
        self._existing = 0  # guarded by self._freed
        #: So many wait for one. Guarded by self._freed; whoever gives one back looks without it.
        self._hungry = 0

    def run(self, script: Script, *arguments: str | bytes | int | float, writes: bool) -> Any:
        """Run a script and return its answer; ``arguments`` are the number of keys, the keys, and the rest.

        Raises:
            CommitUnknownError: ``writes``, and the connection broke before the answer came.
            StoreError: it was not carried out.
        """
        try:
            return self.command("EVALSHA", script.digest, *arguments, writes=writes)
        except NoScriptError:
            # The server was flushed, restarted or replaced: this loads the script as well.
            return self.command("EVAL", script.text, *arguments, writes=writes)

    def command(self, *words: str | bytes | int | float, writes: bool) -> Any:
        """Send one command and return its answer; raises as ``run`` does."""
        for pause in self._pauses:
            connection = self._take_idle() or self._take()
            usable = False
            try:
                _send(connection, words)
                answer = connection.read_response()
                usable = True
                return answer
            except NoScriptError:
                usable = True
                raise
            except _TRANSLATED as error:
                usable = _stays_usable(error)
                # What took long does so again.
                if writes or pause is None or not isinstance(error, (DriverConnectionError, OSError)):
                    raise self._translated(error, writes=writes) from error
            finally:
                self._give_back(connection, usable)
            time.sleep(pause)
        raise AssertionError("unreachable")

    def begin(self, script: Script, *arguments: str | bytes | int | float) -> Callable[[], Any]:
        """Send a script that changes something; the function that it gives reads the answer, and has to be called.

        Both raise as ``run`` does.
        """
        return self._begin_on(self._take_idle() or self._take(), script, arguments)

    def begin_at_once(
        self, script: Script, *arguments: str | bytes | int | float
    ) -> Callable[[], Any] | None:
        """As ``begin``, without waiting for a connection; None if none is idle: nothing was sent then."""
        connection = self._take_idle()
        return None if connection is None else self._begin_on(connection, script, arguments)

    def _begin_on(
        self,
        connection: AbstractConnection,
        script: Script,
        arguments: tuple[str | bytes | int | float, ...],
    ) -> Callable[[], Any]:
        try:
            _send(connection, ("EVALSHA", script.digest, *arguments))
        except BaseException as error:
            self._give_back(connection, False)
            if isinstance(error, _TRANSLATED):
                raise self._translated(error, writes=True) from error
            raise

        def answer() -> Any:
            usable = False
            try:
                reply = connection.read_response()
                usable = True
                return reply
            except NoScriptError:
                usable = True
            except _TRANSLATED as error:
                usable = _stays_usable(error)
                raise self._translated(error, writes=True) from error
            finally:
                self._give_back(connection, usable)
            return self.command("EVAL", script.text, *arguments, writes=True)

        return answer

    def _translated(self, error: Exception, *, writes: bool) -> StoreError:
        """What an error means that the driver raised."""
        if isinstance(error, ResponseError):
            return from_reply(self.where, error)
        if isinstance(error, UnicodeDecodeError):
            return CorruptDataError(
                f"{self.where}: a key of this app holds what pynenc did not write: {error}"
            )
        if isinstance(error, UnicodeEncodeError):
            return StoreError(f"{self.where} cannot hold a value: {error}")
        if writes:
            return CommitUnknownError(f"{self.where}: the connection broke before it answered: {error}")
        return StoreUnavailableError(f"{self.where} does not answer: {error}")

    @contextmanager
    def lent(self) -> Iterator[AbstractConnection]:
        """A connection for longer; a broken one has to be disconnected by whoever has it."""
        connection = self._take_idle() or self._take()
        try:
            yield connection
        except BaseException:
            self._give_back(connection, False)
            raise
        self._give_back(connection, True)

    def connect(self, **options: Any) -> AbstractConnection:
        """A new connection, with some other options, that the caller has to disconnect."""
        for pause in self._pauses:
            try:
                return self._connect(options)
            except (RedisError, OSError) as error:
                # Nothing was asked for yet. What took long, or was refused for a reason, does so again.
                if pause is None or not isinstance(error, DriverConnectionError) or _is_final(error):
                    raise from_handshake(self.where, error) from error
            time.sleep(pause)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Disconnect what is idle; the next use connects again."""
        self._drop_idle()

    def _drop_idle(self) -> None:
        while True:
            try:
                connection, _ = self._idle.pop()
            except IndexError:
                return
            self._end(connection)

    def _take(self) -> AbstractConnection:
        """One that nobody uses, or a new one; there may have to be room for it first."""
        while not self._may_connect():
            connection = self._take_idle()
            if connection is not None:
                return connection
        return self._connect_anew()

    def _take_idle(self) -> AbstractConnection | None:
        """One that nobody uses, if there is any."""
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - since < self._trusted_seconds or _is_quiet(connection):
                return connection
            self._end(connection)

    def _may_connect(self) -> bool:
        """Wait until there may be one more, or one is idle again: False."""
        with self._freed:
            self._hungry += 1
            try:
                if not self._freed.wait_for(
                    lambda: self._idle or self._existing < self._limits.connections,
                    self._limits.wait_seconds,
                ):
                    raise StoreBusyError(
                        f"{self.where}: all {self._limits.connections} connections of this process were in use for "
                        f"{self._limits.wait_seconds:g} s; raise redis_pool_max_connections"
                    )
                if self._idle:
                    return False
                self._existing += 1
                return True
            finally:
                self._hungry -= 1

    def _connect_anew(self) -> AbstractConnection:
        try:
            return self.connect()
        except BaseException:
            self._note_end()
            raise

    def _give_back(self, connection: AbstractConnection, usable: bool) -> None:
        if usable:
            self._idle.append((connection, time.monotonic()))
            if self._hungry:
                with self._freed:
                    self._freed.notify()
        else:
            self._end(connection)
            # The others lead to the same server, which is gone or no longer the right one.
            self._drop_idle()

    def _end(self, connection: AbstractConnection) -> None:
        connection.disconnect()
        self._note_end()

    def _note_end(self) -> None:
        with self._freed:
            self._existing -= 1
            self._freed.notify()

    def _connect(self, options: Mapping[str, Any]) -> AbstractConnection:
        connection = self._connection_class(**{**self._options, **self._topology.address(), **options})
        try:
            connection.connect()
            if not options:
                _require_version(connection)
                self._examine(connection)
        except BaseException:
            connection.disconnect()
            raise
        return connection


def _send(connection: AbstractConnection, words: tuple[str | bytes | int | float, ...]) -> None:
    connection.send_packed_command((packed(*words),), check_health=False)


def packed(*words: str | bytes | int | float) -> bytes:
    """A command as it is sent: the driver's own packing looks at each word twice before it does the same."""
    command: bytes = pack_command(words)  # type: ignore[arg-type]  # its stub knows tuples of one word only
    return command


def _stays_usable(error: Exception) -> bool:
    """Whether a connection may be used again: it answered, and another server need not be asked."""
    return isinstance(error, ResponseError) and word_of(error) not in _ELSEWHERE


def _is_final(error: DriverConnectionError) -> bool:
    return isinstance(error, (AuthenticationError, AuthorizationError))


def socket_of(connection: AbstractConnection) -> socket.socket:
    """What to wait at: the driver itself cannot wait for one of two things, nor without reading."""
    found = cast("socket.socket | None", connection._sock)  # the driver has no public name for it
    if found is None:
        raise DriverConnectionError("the connection was closed")
    return found


def greeting_of(connection: AbstractConnection) -> Mapping[str, Any]:
    """What the server said of itself and of the connection."""
    return cast("Mapping[str, Any]", connection.handshake_metadata)


def _is_quiet(connection: AbstractConnection) -> bool:
    """Whether nothing came that nobody asked for, the end of the connection included."""
    try:
        return not connection.can_read(timeout=0)
    except _BROKEN:
        return False


def _require_version(connection: AbstractConnection) -> None:
    text = str(greeting_of(connection).get("version", "0"))
    version = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    if version < _OLDEST:
        raise ResponseError(f"NOPROTO it says that it is version {text}")
