"""What the thread that looks for changes reads, and what it remembers between two looks."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pynenc.backends.sqlite.connections import Connections
from pynenc.values.ids import InvocationId

#: Seconds after which everything that is watched is looked up, in case a clock was set back.
_FULL_LOOK_SECONDS = 1.0
#: Looking everything up takes at most one part in so many of the time.
_FULL_LOOK_SHARE = 50
_CHUNK = 500

#: Id, place in the queue (-1 for final ones), seq.
Standing = tuple[InvocationId, int, int]


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of one look."""

    #: How much can be claimed or received now; no more are counted than threads wait.
    ready: int
    #: When the next of the delayed falls due.
    due: float | None
    #: Of what was looked up by id.
    standings: Sequence[Standing]
    #: What became final, watched or not.
    ended: Sequence[InvocationId]


class Looker:
    """Reads on behalf of one thread.

    Args:
        connections: Has a connection for this purpose.
        tables: Suffix of the app's tables.
        now: The clock of the store.
    """

    def __init__(self, connections: Connections, tables: str, now: Callable[[], float]) -> None:
        self._connections = connections
        self._tables = tables
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None
        self._following = False
        self._ended_until = 0.0
        self._full_look_at = 0.0

    def has_changed(self) -> bool:
        """Whether anybody wrote since this was asked last, or a full look is owed."""
        with self._connections.look() as connection:
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            # Versions of different connections cannot be compared.
            moved = version != self._version or connection is not self._connection
            self._version, self._connection = version, connection
        return moved or (self._following and self.is_full_look_due())

    def is_full_look_due(self) -> bool:
        """Whether what ended since the last look is not enough to know."""
        return not self._following or time.monotonic() > self._full_look_at

    def look_up(self, waiting: int, ids: Sequence[InvocationId]) -> Findings:
        """How these stand, whatever happened; cheap for few of them."""
        with self._connections.look() as connection:
            self._following = False
            return Findings(*self._work(connection, waiting), look_up(connection, self._tables, ids), ())

    def look_up_all(self, waiting: int, ids: Sequence[InvocationId]) -> Findings:
        """How these stand; from then on ``follow`` knows what ends."""
        began = time.monotonic()
        with self._connections.look() as connection:
            self._following = True
            select = f"SELECT max(ended_at) FROM inv_{self._tables} WHERE ended_at IS NOT NULL"
            self._ended_until = connection.execute(select).fetchone()[0] or 0.0
            found = Findings(*self._work(connection, waiting), look_up(connection, self._tables, ids), ())
        ended = time.monotonic()
        self._full_look_at = ended + max(_FULL_LOOK_SECONDS, (ended - began) * _FULL_LOOK_SHARE)
        return found

    def follow(self, waiting: int) -> Findings:
        """What ended since the last look: the cost is that of what happened, not that of what is watched.

        A final status gets its time inside of the transaction that holds the write lock, so that a later
        one has a later time, unless the clock was set back.
        """
        with self._connections.look() as connection:
            rows = connection.execute(
                f"SELECT ended_at, invocation_id FROM inv_{self._tables} "
                "WHERE ended_at IS NOT NULL AND ended_at >= ? ORDER BY ended_at",
                (self._ended_until,),
            ).fetchall()
            if rows:
                self._ended_until = rows[-1][0]
            return Findings(*self._work(connection, waiting), (), [row[1] for row in rows])

    def has_occurrences(self) -> bool:
        """Whether an occurrence awaits reaction."""
        select = (
            f"SELECT 1 FROM occurrences_{self._tables} WHERE settled_at IS NULL AND taken_until <= ? LIMIT 1"
        )
        with self._connections.look() as connection:
            return connection.execute(select, (self._now(),)).fetchone() is not None

    def _work(self, connection: sqlite3.Connection, at_most: int) -> tuple[int, float | None]:
        if not at_most:
            return 0, None
        ready, due, messages = connection.execute(
            f"SELECT (SELECT count(*) FROM (SELECT 1 FROM inv_{self._tables} WHERE queued = 1 LIMIT ?)), "
            f"(SELECT min(available_at) FROM inv_{self._tables} WHERE queued = 2), "
            f"(SELECT count(*) FROM (SELECT 1 FROM messages_{self._tables} WHERE leased_until <= ? LIMIT ?))",
            (at_most, self._now(), at_most),
        ).fetchone()
        return ready + messages, due


def look_up(connection: sqlite3.Connection, tables: str, ids: Sequence[InvocationId]) -> list[Standing]:
    """How invocations stand; unknown ones are absent."""
    found: list[Standing] = []
    for at in range(0, len(ids), _CHUNK):
        chunk = ids[at : at + _CHUNK]
        found += connection.execute(
            "SELECT invocation_id, CASE WHEN ended_at IS NULL THEN queued ELSE -1 END, seq "
            f"FROM inv_{tables} WHERE invocation_id IN ({','.join('?' * len(chunk))})",
            chunk,
        )
    return found
