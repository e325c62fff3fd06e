"""Occurrences that await reaction, and the statuses that are watched.

A watched status is noticed by the database itself, by triggers upon the table of invocations, inside of whatever
transaction makes an invocation enter it. They exist only while something is watched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from pynenc.backends.sqlite import codec
from pynenc.backends.sqlite.codec import marks
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.values.status import InvocationStatus
from pynenc.values.status_letters import LETTERS
from pynenc.values.triggers import Occurrence, OccurrenceKind

RECORD, TRIGGER = "record", "trigger"

_OCCURRENCE = "occurrence_id, kind, source, at, invocation_id, status, payload, trigger_id"
#: What an update appends to a packed history, with a line end before it: each entry begins with its letter.
_ENTERED = "(char(10) || substr(NEW.history, length(OLD.history) + 1))"
#: No status is entered twice between two writes of a row.
_ON_UPDATE = f"""
CREATE TRIGGER IF NOT EXISTS inv_entered_{{t}} AFTER UPDATE OF history ON inv_{{t}}
WHEN EXISTS (SELECT 1 FROM watched_{{t}} WHERE task_id = NEW.task_id) BEGIN
    INSERT OR IGNORE INTO occurrences_{{t}} (origin, occurrence_id, kind, source, at, invocation_id, status)
    SELECT 'record',
        NEW.invocation_id || ':' || (OLD.seq + 1 + length(before) - length(replace(before, char(10), ''))),
        'status', NEW.task_id, NEW.status_at, NEW.invocation_id, status
    FROM (
        SELECT status, substr({_ENTERED}, 1, instr({_ENTERED}, char(10) || letter) - 1) AS before
        FROM watched_{{t}} WHERE task_id = NEW.task_id AND instr({_ENTERED}, char(10) || letter)
    ) ORDER BY length(before);
END"""
_ON_INSERT = """
CREATE TRIGGER IF NOT EXISTS inv_registered_entered_{t} AFTER INSERT ON inv_{t}
WHEN EXISTS (SELECT 1 FROM watched_{t} WHERE task_id = NEW.task_id AND status = NEW.status) BEGIN
    INSERT OR IGNORE INTO occurrences_{t} (origin, occurrence_id, kind, source, at, invocation_id, status)
    VALUES ('record', NEW.invocation_id || ':1', 'status', NEW.task_id, NEW.status_at, NEW.invocation_id, NEW.status);
END"""


class OccurrenceTable:
    """The occurrences of one origin."""

    def __init__(self, store: SQLiteStore, origin: str) -> None:
        self._store = store
        self._origin = origin

    def put(self, occurrences: Sequence[Occurrence]) -> None:
        """Record them in one transaction, and wake."""
        if not occurrences:
            return
        with self._store.write() as connection:
            now = self._store.now()
            connection.executemany(
                self._store.sql(
                    f"INSERT OR IGNORE INTO occurrences_{{t}} (origin, {_OCCURRENCE}) VALUES ({marks(9)})"
                ),
                [(self._origin, *_to_columns(occurrence, now)) for occurrence in occurrences],
            )
        self._store.announce_occurrences()

    def take(self, limit: int, lease_seconds: float, trigger_ids: Sequence[str] = ()) -> list[Occurrence]:
        """Lease the first ones; looks before it writes."""
        now = self._store.now()
        free = (
            "SELECT n FROM occurrences_{t} WHERE origin = ? AND settled_at IS NULL AND taken_until <= ? "
            f"AND trigger_id IN ('', {marks(len(trigger_ids))}) ORDER BY n LIMIT ?"
        ).replace(", )", ")")
        parameters = (self._origin, now, *trigger_ids)
        with self._store.read() as connection:
            if connection.execute(self._store.sql(free), (*parameters, 1)).fetchone() is None:
                return []
        with self._store.write() as connection:
            rows = connection.execute(
                self._store.sql(
                    f"UPDATE occurrences_{{t}} SET taken_until = ? WHERE n IN ({free}) RETURNING n, {_OCCURRENCE}"
                ),
                (now + lease_seconds, *parameters, limit),
            ).fetchall()
        return [_to_occurrence(columns) for _, *columns in sorted(rows)]

    def settle(self, connection: sqlite3.Connection, keys: Sequence[tuple[str, str]], now: float) -> None:
        """Take occurrences away, by id and trigger; events stay."""
        of_these = "WHERE occurrence_id = ? AND trigger_id = ? AND origin = ?"
        parameters = [(*key, self._origin) for key in keys]
        is_event = "kind = 'event' AND trigger_id = ''"
        connection.executemany(
            self._store.sql(f"DELETE FROM occurrences_{{t}} {of_these} AND NOT ({is_event})"), parameters
        )
        connection.executemany(
            self._store.sql(f"UPDATE occurrences_{{t}} SET settled_at = ? {of_these} AND {is_event}"),
            [(now, *each) for each in parameters],
        )

    def list_events(self, limit: int) -> list[Occurrence]:
        """The latest events."""
        text = (
            f"SELECT {_OCCURRENCE} FROM occurrences_{{t}} WHERE origin = ? AND kind = 'event' AND trigger_id = '' "
            "ORDER BY n DESC LIMIT ?"
        )
        with self._store.read() as connection:
            rows = connection.execute(self._store.sql(text), (self._origin, limit))
            return [_to_occurrence(columns) for columns in rows]

    def clear(self, connection: sqlite3.Connection) -> None:
        """Remove those of this origin."""
        connection.execute(self._store.sql("DELETE FROM occurrences_{t} WHERE origin = ?"), (self._origin,))


def watch(
    connection: sqlite3.Connection,
    store: SQLiteStore,
    watched: Mapping[str, frozenset[InvocationStatus]],
    forget_seconds: float,
) -> None:
    """Add and renew watched statuses, and forget old ones."""
    now = store.now()
    connection.executemany(
        store.sql(
            "INSERT INTO watched_{t} VALUES (?, ?, ?, ?) "
            "ON CONFLICT (task_id, status) DO UPDATE SET renewed_at = excluded.renewed_at"
        ),
        [
            (task_id, status.value, LETTERS[status], now)
            for task_id, statuses in watched.items()
            for status in statuses
        ],
    )
    connection.execute(store.sql("DELETE FROM watched_{t} WHERE renewed_at <= ?"), (now - forget_seconds,))
    if connection.execute(store.sql("SELECT 1 FROM watched_{t} LIMIT 1")).fetchone() is None:
        unwatch(connection, store)
    else:
        connection.execute(store.sql(_ON_UPDATE))
        connection.execute(store.sql(_ON_INSERT))


def unwatch(connection: sqlite3.Connection, store: SQLiteStore) -> None:
    """Watch nothing: steps cost nothing for it any more."""
    connection.execute(store.sql("DELETE FROM watched_{t}"))
    connection.execute(store.sql("DROP TRIGGER IF EXISTS inv_entered_{t}"))
    connection.execute(store.sql("DROP TRIGGER IF EXISTS inv_registered_entered_{t}"))


def _to_columns(occurrence: Occurrence, now: float) -> tuple[Any, ...]:
    return (
        occurrence.occurrence_id,
        occurrence.kind.value,
        occurrence.source,
        now,
        occurrence.invocation_id,
        occurrence.status.value if occurrence.status else None,
        occurrence.payload,
        occurrence.trigger_id or "",
    )


def _to_occurrence(columns: Sequence[Any]) -> Occurrence:
    occurrence_id, kind, source, at, invocation_id, status, payload, trigger_id = columns
    return Occurrence(
        occurrence_id=occurrence_id,
        kind=OccurrenceKind(kind),
        source=source,
        at=at,
        invocation_id=invocation_id,
        status=codec.BY_TEXT[status] if status else None,
        payload=payload,
        trigger_id=trigger_id or None,
    )
