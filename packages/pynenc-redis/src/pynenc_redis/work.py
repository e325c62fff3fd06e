"""Waiting for work: a blocking pop of tokens that say that there is some, never which.

What a process does with a token may be sent together with the pop: the server carries it out the moment the pop ends.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from typing import Any

from redis.connection import AbstractConnection
from redis.exceptions import NoScriptError, RedisError, ResponseError

from pynenc.exceptions import CommitUnknownError, StoreError, StoreUnavailableError
from pynenc_redis.connections import Connections, greeting_of, packed, socket_of
from pynenc_redis.errors import from_reply
from pynenc_redis.scripts import Script

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
        bell = self._bell_since(marker)
        if bell is None:
            return True
        with self._connections.lent() as connection:
            try:
                connection.send_packed_command([self._pop(timeout_seconds)], check_health=False)
                rung = _is_rung(connection, bell, timeout_seconds)
                if rung:
                    self._unblock(connection, socket_of(connection))
                return connection.read_response() is not None or rung
            except (RedisError, OSError) as error:
                raise _translated(self._connections.where, error) from error

    def wait_and_run(
        self, marker: int, timeout_seconds: float, script: Script, *arguments: str | bytes | int | float
    ) -> Any:
        """Wait, then run a script that changes something; its answer, or None if it was not run.

        It is not run after an interruption, nor where the server does not know it.

        Raises:
            CommitUnknownError: the connection broke: perhaps before it was run, perhaps after it.
        """
        bell = self._bell_since(marker)
        if bell is None:
            return None
        rung = False
        run = packed("EVALSHA", script.digest, *arguments)
        try:
            with self._connections.lent() as connection:
                connection.send_packed_command([self._pop(timeout_seconds) + run], check_health=False)
                rung = _is_rung(connection, bell, timeout_seconds)
                if rung:
                    self._cut_off(connection)
                connection.read_response()
                try:
                    answer = connection.read_response()
                except NoScriptError:
                    answer = None
                if rung:
                    connection.disconnect()
                return answer
        except (RedisError, OSError) as error:
            if rung:
                return None
            if isinstance(error, ResponseError):
                raise from_reply(self._connections.where, error) from error
            raise CommitUnknownError(
                f"{self._connections.where}: the connection broke while it waited for work: {error}"
            ) from error

    def _bell_since(self, marker: int) -> socket.socket | None:
        """What rings at the next interruption; None when there was one since ``marker``."""
        with self._lock:
            return self._bell[0] if marker == self.marker else None

    def _pop(self, timeout_seconds: float) -> bytes:
        return packed("BLPOP", self._key, f"{max(timeout_seconds, 0.001):.3f}")

    def _cut_off(self, connection: AbstractConnection) -> None:
        """Have the server forget what it has not begun yet: unblocked, it would go on with the script.

        What it has answered already can still be read.
        """
        self._connections.command("CLIENT", "KILL", "ID", greeting_of(connection)["id"], writes=False)

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


def _is_rung(connection: AbstractConnection, bell: socket.socket, timeout_seconds: float) -> bool:
    """Wait until the pop has ended, or the bell rings before it does."""
    answers = socket_of(connection)
    poll = select.poll()
    for one in (answers, bell):
        poll.register(one, select.POLLIN)
    ready = poll.poll((timeout_seconds + _GRACE_SECONDS) * 1000)
    if not ready:
        raise TimeoutError("a blocking read got no answer in time")
    return answers.fileno() not in [number for number, _ in ready]


def _translated(where: str, error: Exception) -> StoreError:
    if isinstance(error, ResponseError):
        return from_reply(where, error)
    return StoreUnavailableError(f"{where} does not answer: {error}")
