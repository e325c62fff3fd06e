"""SQLiteStateBackend: payloads apart from the record, and named values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pynenc.backends.sqlite.component import SQLiteComponent
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.conf.config_sqlite import ConfigStateBackendSQLite
from pynenc.contracts.state_backend import BaseStateBackend, PayloadKey
from pynenc.values.ids import InvocationId


class SQLiteStateBackend(SQLiteComponent, BaseStateBackend):
    """Payloads and named values in a database file."""

    config_cls = ConfigStateBackendSQLite
    store: SQLiteStore

    def put_payloads(self, payloads: Mapping[PayloadKey, str]) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.executemany(
                self.store.sql("INSERT OR IGNORE INTO payloads_{t} VALUES (?, ?, ?, ?)"),
                [(key.invocation_id, key.epoch, key.kind.value, data) for key, data in payloads.items()],
            )

    def get_payloads(self, keys: Sequence[PayloadKey]) -> dict[PayloadKey, str]:  # noqa: D102
        statement = self.store.sql(
            "SELECT data FROM payloads_{t} WHERE invocation_id = ? AND epoch = ? AND kind = ?"
        )
        found = {}
        with self.store.read() as connection:
            for key in keys:
                row = connection.execute(statement, (key.invocation_id, key.epoch, key.kind.value)).fetchone()
                if row is not None:
                    found[key] = row[0]
        return found

    def list_payload_ids(self, after: InvocationId | None, limit: int) -> list[InvocationId]:  # noqa: D102
        text = "SELECT DISTINCT invocation_id FROM payloads_{t} WHERE invocation_id > ? ORDER BY 1 LIMIT ?"
        with self.store.read() as connection:
            rows = connection.execute(self.store.sql(text), (after or "", limit)).fetchall()
        return [InvocationId(row[0]) for row in rows]

    def delete_payloads(self, ids: Iterable[InvocationId]) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.executemany(
                self.store.sql("DELETE FROM payloads_{t} WHERE invocation_id = ?"), [(i,) for i in ids]
            )

    def set_values(self, scope: str, values: Mapping[str, str]) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.executemany(
                self.store.sql(
                    "INSERT INTO scoped_{t} VALUES (?, ?, ?) "
                    "ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value"
                ),
                [(scope, name, value) for name, value in values.items()],
            )

    def get_values(self, scope: str, names: Sequence[str] | None = None) -> dict[str, str]:  # noqa: D102
        with self.store.read() as connection:
            statement = self.store.sql("SELECT name, value FROM scoped_{t} WHERE scope = ?")
            values = dict(connection.execute(statement, (scope,)).fetchall())
        return values if names is None else {name: values[name] for name in names if name in values}

    def delete_scope(self, scope: str) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.execute(self.store.sql("DELETE FROM scoped_{t} WHERE scope = ?"), (scope,))

    def purge(self) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.execute(self.store.sql("DELETE FROM payloads_{t}"))
            connection.execute(self.store.sql("DELETE FROM scoped_{t}"))
