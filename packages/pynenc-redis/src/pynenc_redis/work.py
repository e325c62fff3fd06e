"""Waiting for work: a blocking pop of tokens that say that there is some, never which."""

from __future__ import annotations

import select
import socket
import threading
import time

from redis.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from pynenc.exceptions import StoreError, StoreUnavailableError
from pynenc_redis.connections import Connections, greeting_of, socket_of
from pynenc_redis.errors import from_reply

#: How much later than asked for an answer may come before the connection is given up.
_GRACE_SECONDS = 2.0
_UNBLOCK_SECONDS = 0.05


class WorkWaits:
    """The threads of one process that wait for work.

    Args:
        connections: To the server.
        key: Of the list of tokens.
    """

    def __init__(self, connections: Connections, key: str) -> None:
        self._connections = connections
        self._key = key
        self.start_anew()

    def start_anew(self) -> None:
        """Without anybody who waits."""
        self._lock = threading.Lock()
        #: Counts the interruptions. Guarded by self._lock, and so is the bell.
        self.marker = 0
        #: Its first end becomes readable for all who look at it once the second one is closed.
        self._bell = socket.socketpair()

    def interrupt(self) -> None:
        """Let everybody return."""
        with self._lock:
            self.marker += 1
            bell, self._bell = self._bell, socket.socketpair()
        bell[1].close()

    def wait(self, marker: int, timeout_seconds: float) -> bool:
        """Whether there is a token, or an interruption since ``marker``, within a time."""
        with self._lock:
            if marker != self.marker:
                return True
            bell = self._bell[0]
        with self._connections.lent() as connection:
            try:
                return self._pop(connection, bell, max(timeout_seconds, 0.001))
            except (RedisError, OSError) as error:
                raise _translated(self._connections.where, error) from error

    def _pop(self, connection: AbstractConnection, bell: socket.socket, timeout_seconds: float) -> bool:
        connection.send_command("BLPOP", self._key, f"{timeout_seconds:.3f}")
        answers = socket_of(connection)
        poll = select.poll()
        for one in (answers, bell):
            poll.register(one, select.POLLIN)
        ready = poll.poll((timeout_seconds + _GRACE_SECONDS) * 1000)
        if not ready:
            raise TimeoutError("a blocking read got no answer in time")
        rung = answers.fileno() not in [number for number, _ in ready]
        if rung:
            self._unblock(connection, answers)
        return connection.read_response() is not None or rung

    def _unblock(self, connection: AbstractConnection, answers: socket.socket) -> None:
        """Have the server answer now: whatever it popped at this moment is not lost."""
        poll = select.poll()
        poll.register(answers, select.POLLIN)
        deadline = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < deadline:
            # It may not have read the blocking command yet.
            self._connections.command("CLIENT", "UNBLOCK", greeting_of(connection)["id"], writes=False)
            if poll.poll(_UNBLOCK_SECONDS * 1000):
                return
        raise TimeoutError("a blocked connection could not be freed")


def _translated(where: str, error: Exception) -> StoreError:
    if isinstance(error, ResponseError):
        return from_reply(where, error)
    return StoreUnavailableError(f"{where} does not answer: {error}")
