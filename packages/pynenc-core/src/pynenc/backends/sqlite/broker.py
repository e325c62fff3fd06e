"""SQLiteBroker: a queue of ids for orchestrators that live elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from pynenc.backends.sqlite.component import SQLiteComponent
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.conf.config_sqlite import ConfigBrokerSQLite
from pynenc.contracts.broker import BaseBroker, Delivery
from pynenc.values.ids import InvocationId


class SQLiteBroker(SQLiteComponent, BaseBroker):
    """Messages in a database file."""

    config_cls = ConfigBrokerSQLite
    store: SQLiteStore

    def push(self, ids: Sequence[InvocationId], *, front: bool = False) -> None:  # noqa: D102
        if not ids:
            return
        with self.store.write() as connection:
            position = 0
            if front:
                first = connection.execute(
                    self.store.sql("SELECT min(position) FROM messages_{t}")
                ).fetchone()[0]
                position = min(first or 0, 0) - 1
            connection.executemany(
                self.store.sql("INSERT INTO messages_{t} (position, invocation_id) VALUES (?, ?)"),
                [(position, i) for i in ids],
            )
        self.store.announce(len(ids))

    def receive(self, limit: int, lease_seconds: float) -> list[Delivery]:  # noqa: D102
        select = self.store.sql(
            "SELECT id, invocation_id FROM messages_{t} WHERE leased_until <= ? ORDER BY position, id LIMIT ?"
        )
        with self.store.read() as connection:
            if not connection.execute(select, (self.store.now(), 1)).fetchone():
                return []
        with self.store.write() as connection:
            now = self.store.now()
            rows = connection.execute(select, (now, limit)).fetchall()
            deliveries = [Delivery(uuid.uuid4().hex, InvocationId(row[1])) for row in rows]
            connection.executemany(
                self.store.sql("UPDATE messages_{t} SET leased_until = ?, receipt = ? WHERE id = ?"),
                [
                    (now + lease_seconds, delivery.receipt, row[0])
                    for delivery, row in zip(deliveries, rows, strict=True)
                ],
            )
        return deliveries

    def acknowledge(self, receipts: Sequence[str]) -> None:  # noqa: D102
        if not receipts:
            return
        with self.store.write() as connection:
            now = self.store.now()
            connection.executemany(
                self.store.sql("DELETE FROM messages_{t} WHERE receipt = ? AND leased_until > ?"),
                [(receipt, now) for receipt in receipts],
            )

    def give_back(self, receipts: Sequence[str]) -> None:  # noqa: D102
        if not receipts:
            return
        with self.store.write() as connection:
            returned = sum(
                connection.execute(
                    self.store.sql(
                        "UPDATE messages_{t} SET leased_until = 0, receipt = NULL WHERE receipt = ?"
                    ),
                    (receipt,),
                ).rowcount
                for receipt in receipts
            )
        if returned:
            self.store.announce(returned)

    def count(self) -> int:  # noqa: D102
        with self.store.read() as connection:
            return int(connection.execute(self.store.sql("SELECT count(*) FROM messages_{t}")).fetchone()[0])

    def purge(self) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.execute(self.store.sql("DELETE FROM messages_{t}"))
