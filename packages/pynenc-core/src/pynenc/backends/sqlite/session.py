"""The rows of one transaction: loaded once, changed in Python, written back together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pynenc.backends.sqlite import codec
from pynenc.backends.sqlite.codec import TEXT, Row
from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus

READY, DELAYED, PARKED = 1, 2, 3
#: SQLite takes many more parameters; longer lists save nothing.
CHUNK = 500


def settle(connection: sqlite3.Connection, sql: Callable[[str], str]) -> None:
    """Bring what people ask for up to the last submission."""
    for text in codec.SETTLE:
        connection.execute(sql(text))


class Session:
    """One write transaction upon an app's records.

    Args:
        connection: Inside of the transaction.
        sql: Fills the app's suffix into a statement.
        now: The time of everything that the transaction writes.
    """

    def __init__(self, connection: sqlite3.Connection, sql: Callable[[str], str], now: float) -> None:
        self.connection = connection
        self.sql = sql
        self.now = now
        self._rows: dict[InvocationId, Row] = {}
        self._dirty: dict[int, Row] = {}
        self._counts: dict[tuple[str, str], int] = {}
        #: Final ones, as parameters: the waits for them are still there.
        self._waited_for: list[tuple[InvocationId]] = []
        #: What to announce after the commit.
        self.new_work = 0
        self.ended: list[InvocationId] = []
        self.available: list[InvocationId] = []
        #: What a freed concurrency place made claimable.
        self.unparked: list[InvocationId] = []

    def execute(self, text: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement whose ``{t}`` is filled in."""
        return self.connection.execute(self.sql(text), parameters)

    # -- rows -----------------------------------------------------------------------------------------

    def load(self, ids: Iterable[InvocationId]) -> None:
        """Read rows ahead, many in one statement."""
        missing = [i for i in dict.fromkeys(ids) if i not in self._rows]
        for at in range(0, len(missing), CHUNK):
            chunk = missing[at : at + CHUNK]
            for columns in self.execute(codec.by_ids(codec.HOT, len(chunk)), chunk):
                self.adopt(columns)

    def adopt(self, columns: tuple[Any, ...]) -> Row:
        """Take a row that was selected with ``HOT``; one that was loaded before stays the object it is."""
        row = self._rows.get(columns[1])
        if row is None:
            row = self._rows[columns[1]] = Row(columns)
        return row

    def get(self, invocation_id: InvocationId) -> Row | None:
        """A row that exists; None otherwise."""
        if invocation_id not in self._rows:
            self.load([invocation_id])
        return self._rows.get(invocation_id)

    def loaded(self, invocation_id: InvocationId) -> Row | None:
        """A row that this transaction has read already."""
        return self._rows.get(invocation_id)

    def forget(self, invocation_id: InvocationId) -> None:
        """Read a row again when it is needed again: a statement is about to change it."""
        self._rows.pop(invocation_id, None)

    def touch(self, row: Row) -> None:
        """Note that a row was changed."""
        self._dirty[row.n] = row

    def flush(self) -> None:
        """Write changed rows back, so that statements see them."""
        if not self._dirty:
            return
        rows = list(self._dirty.values())
        self._dirty.clear()
        for row in rows:
            status = TEXT[row.status]
            if status != row.stored_status:
                self._count(row.task_id, row.stored_status, -1)
                self._count(row.task_id, status, 1)
                row.stored_status = status
        self.connection.executemany(self.sql(codec.UPDATE), [row.to_update() for row in rows])
        outcomes = [row.to_outcome_update() for row in rows if row.has_outcome]
        if outcomes:
            self.connection.executemany(self.sql(codec.UPDATE_OUTCOME), outcomes)
        for row in rows:
            row.history, row.has_outcome = "", False

    def forget_waits(self) -> None:
        """Remove the waits for what has ended; before anybody looks at waits, and at the end."""
        if self._waited_for:
            # Mostly nobody waits for anything, and one look spares many.
            if self.execute("SELECT 1 FROM waits_{t} LIMIT 1").fetchone() is not None:
                text = self.sql("DELETE FROM waits_{t} WHERE waited = ?")
                self.connection.executemany(text, self._waited_for)
            self._waited_for.clear()

    def count(self, task_id: str, status: InvocationStatus, number: int) -> None:
        """Note that so many more invocations of a task rest in a status."""
        self._count(task_id, TEXT[status], number)

    def _count(self, task_id: str, status: str, number: int) -> None:
        key = task_id, status
        self._counts[key] = self._counts.get(key, 0) + number

    def count_recovered(self, status: InvocationStatus) -> None:
        """Note that one was taken from an owner that is gone."""
        self.execute(
            "INSERT INTO recovered_{t} VALUES (?, 1) ON CONFLICT (status) DO UPDATE SET n = n + 1",
            (TEXT[status],),
        )

    def finish(self) -> None:
        """Write what is left; the last act of the transaction."""
        self.flush()
        self.forget_waits()
        changes = [(task_id, status, n) for (task_id, status), n in self._counts.items() if n]
        if changes:
            self.connection.executemany(self.sql(codec.COUNT), changes)

    # -- what several operations do -------------------------------------------------------------------

    def enqueue(self, row: Row, delay_seconds: float) -> None:
        """Make a row in an available status claimable after a delay."""
        row.available_at = self.now + delay_seconds
        row.queued = DELAYED if delay_seconds > 0 else READY
        self.new_work += 1
        if row.queued == READY:
            self.available.append(row.invocation_id)

    def end(self, row: Row) -> None:
        """What follows from a final status."""
        row.ended_at = self.now
        row.queued = 0
        self.note_end(row.invocation_id)

    def note_end(self, invocation_id: InvocationId) -> None:
        """Announce the end of an invocation, and end the waits for it."""
        self.ended.append(invocation_id)
        self._waited_for.append((invocation_id,))

    def places_taken(self, key: str) -> int:
        """How many owned invocations a concurrency key has."""
        found = self.execute(
            "SELECT count(*) FROM inv_{t} WHERE cc_key = ? AND token IS NOT NULL AND cc_key IS NOT NULL",
            (key,),
        )
        return int(found.fetchone()[0])

    def unpark(self, key: str, runner: str) -> None:
        """Release the head of a key's line, if there is a place for it."""
        self.flush()
        columns = self.execute(
            f"SELECT {codec.HOT} FROM inv_{{t}} WHERE cc_key = ? AND queued = {PARKED} ORDER BY n LIMIT 1",
            (key,),
        ).fetchone()
        if columns is None:
            return
        row = self.adopt(columns)
        if self.places_taken(key) < row.cc_limit:
            row.enter(InvocationStatus.REROUTED, self.now, runner)
            self.enqueue(row, 0.0)
            self.unparked.append(row.invocation_id)
            self.touch(row)
