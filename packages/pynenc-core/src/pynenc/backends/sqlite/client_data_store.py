"""SQLiteClientDataStore: large values by content hash."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from pynenc.backends.sqlite.codec import marks
from pynenc.backends.sqlite.component import SQLiteComponent
from pynenc.backends.sqlite.session import CHUNK
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.conf.config_sqlite import ConfigClientDataStoreSQLite
from pynenc.contracts.client_data_store import BaseClientDataStore


class SQLiteClientDataStore(SQLiteComponent, BaseClientDataStore):
    """Large values in a database file."""

    config_cls = ConfigClientDataStoreSQLite
    store: SQLiteStore

    def put(self, values: Mapping[str, str]) -> None:  # noqa: D102
        if not values:
            return
        with self.store.write() as connection:
            put_values(connection, self.store.sql, values, self.store.now())

    def get(self, keys: Sequence[str]) -> dict[str, str]:  # noqa: D102
        found: dict[str, str] = {}
        with self.store.read() as connection:
            for at in range(0, len(keys), CHUNK):
                chunk = tuple(keys[at : at + CHUNK])
                text = f"SELECT key, value FROM client_data_{{t}} WHERE key IN ({marks(len(chunk))})"
                found.update(connection.execute(self.store.sql(text), chunk).fetchall())
        return found

    def find_unused(self, age_seconds: float, limit: int) -> list[str]:  # noqa: D102
        text = "SELECT key FROM client_data_{t} WHERE used_at <= ? ORDER BY used_at LIMIT ?"
        with self.store.read() as connection:
            rows = connection.execute(self.store.sql(text), (self.store.now() - age_seconds, limit))
            return [row[0] for row in rows]

    def touch(self, keys: Sequence[str]) -> None:  # noqa: D102
        if not keys:
            return
        with self.store.write() as connection:
            now = self.store.now()
            connection.executemany(
                self.store.sql("UPDATE client_data_{t} SET used_at = ? WHERE key = ?"),
                [(now, key) for key in keys],
            )

    def delete(self, keys: Sequence[str], age_seconds: float) -> None:  # noqa: D102
        if not keys:
            return
        with self.store.write() as connection:
            last_use = self.store.now() - age_seconds
            connection.executemany(
                self.store.sql("DELETE FROM client_data_{t} WHERE key = ? AND used_at <= ?"),
                [(key, last_use) for key in keys],
            )

    def count(self) -> int:  # noqa: D102
        with self.store.read() as connection:
            return int(
                connection.execute(self.store.sql("SELECT count(*) FROM client_data_{t}")).fetchone()[0]
            )

    def purge(self) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.execute(self.store.sql("DELETE FROM client_data_{t}"))


def put_values(
    connection: sqlite3.Connection, sql: Callable[[str], str], values: Mapping[str, str], now: float
) -> None:
    """Add values inside of a transaction; of those that exist the time of last use is renewed."""
    connection.executemany(
        sql(
            "INSERT INTO client_data_{t} VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET used_at = excluded.used_at"
        ),
        [(key, value, now) for key, value in values.items()],
    )
