"""Reading: statements that read, for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from pynenc.backends.sqlite.codec import marks
from pynenc.backends.sqlite.record_filter import Sql
from pynenc.backends.sqlite.session import CHUNK
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.values.status import InvocationStatus

_AT_ONCE = 1000


class Reading:
    """Statements on one connection, in which ``{t}`` is filled."""

    def __init__(self, connection: sqlite3.Connection, store: SQLiteStore) -> None:
        self._connection = connection
        self._sql = store.sql

    def rows(self, text: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All that a statement gives."""
        return self._connection.execute(self._sql(text), parameters).fetchall()

    def parts(self, text: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The same, so many at a time that nobody has to hold thousands of them."""
        cursor = self._connection.execute(self._sql(text), parameters)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield rows

    def value(self, text: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None without one."""
        row = self._connection.execute(self._sql(text), parameters).fetchone()
        return None if row is None else row[0]

    def by_ids(
        self,
        columns: str,
        ids: Iterable[str],
        *,
        table: str = "inv",
        key: str = "invocation_id",
        where: Sql | None = None,
    ) -> list[tuple[Any, ...]]:
        """The rows of a table that have one of these ids, and fit a condition."""
        wanted = list(dict.fromkeys(ids))
        found: list[tuple[Any, ...]] = []
        more = f" AND ({where.text})" if where else ""
        parameters = where.parameters if where else ()
        for at in range(0, len(wanted), CHUNK):
            chunk = wanted[at : at + CHUNK]
            text = f"SELECT {columns} FROM {table}_{{t}} WHERE {key} IN ({marks(len(chunk))}){more}"
            found += self.rows(text, (*chunk, *parameters))
        return found

    def are_few(self, statuses: Collection[InvocationStatus], limit: int) -> bool:
        """Whether at most so many invocations rest in these statuses."""
        text = f"SELECT total(n) FROM counts_of_all_{{t}} WHERE status IN ({marks(len(statuses))})"
        return bool(self.value(text, [status.value for status in statuses]) <= limit)
