"""SQLiteTrigger: each operation is one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from pynenc.backends.sqlite.codec import marks
from pynenc.backends.sqlite.component import SQLiteComponent
from pynenc.backends.sqlite.occurrences import TRIGGER, OccurrenceTable
from pynenc.backends.sqlite.session import CHUNK
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.conf.config_sqlite import ConfigTriggerSQLite
from pynenc.contracts.trigger import BaseTrigger
from pynenc.values.ids import InvocationId
from pynenc.values.triggers import Half, Occurrence, PairRequest, TriggerRun

_RUN = "run_id, trigger_id, at, occurrence_ids, invocation_id, error, chain"


class SQLiteTrigger(SQLiteComponent, BaseTrigger):
    """What triggers keep, in a database file."""

    config_cls = ConfigTriggerSQLite
    store: SQLiteStore

    def __init__(self, store: SQLiteStore) -> None:
        super().__init__(store)
        self._occurrences = OccurrenceTable(store, TRIGGER)

    def set_values(self, scope: str, values: Mapping[str, str | None]) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.executemany(
                self.store.sql("DELETE FROM trigger_values_{t} WHERE scope = ? AND name = ?"),
                [(scope, name) for name, value in values.items() if value is None],
            )
            connection.executemany(
                self.store.sql("INSERT OR REPLACE INTO trigger_values_{t} VALUES (?, ?, ?)"),
                [(scope, name, value) for name, value in values.items() if value is not None],
            )

    def get_values(self, scopes: Sequence[str]) -> dict[str, dict[str, str]]:  # noqa: D102
        found: dict[str, dict[str, str]] = {scope: {} for scope in scopes}
        text = f"SELECT scope, name, value FROM trigger_values_{{t}} WHERE scope IN ({marks(len(scopes))})"
        with self.store.read() as connection:
            for scope, name, value in connection.execute(self.store.sql(text), tuple(scopes)):
                found[scope][name] = value
        return found

    # -- occurrences ----------------------------------------------------------------------------------

    def put_occurrences(self, occurrences: Sequence[Occurrence]) -> None:  # noqa: D102
        self._occurrences.put(occurrences)

    def take_occurrences(  # noqa: D102
        self, limit: int, lease_seconds: float, trigger_ids: Sequence[str]
    ) -> list[Occurrence]:
        return self._occurrences.take(limit, lease_seconds, trigger_ids)

    def settle(self, occurrences: Sequence[Occurrence], runs: Sequence[TriggerRun]) -> None:  # noqa: D102
        with self.store.write() as connection:
            now = self.store.now()
            keys = [(each.occurrence_id, each.trigger_id or "") for each in occurrences]
            self._occurrences.settle(connection, keys, now)
            connection.executemany(
                self.store.sql(f"INSERT OR REPLACE INTO runs_{{t}} ({_RUN}) VALUES ({marks(7)})"),
                [
                    (
                        run.run_id,
                        run.trigger_id,
                        now,
                        json.dumps(run.occurrence_ids),
                        run.invocation_id,
                        run.error,
                        json.dumps(run.chain),
                    )
                    for run in runs
                ],
            )

    def list_events(self, limit: int) -> list[Occurrence]:  # noqa: D102
        return self._occurrences.list_events(limit)

    # -- combined conditions --------------------------------------------------------------------------

    def pair(self, requests: Sequence[PairRequest]) -> list[tuple[str, ...] | None]:  # noqa: D102
        with self.store.write() as connection:
            now = self.store.now()
            for request in requests:
                self._fill(connection, request, now)
            return [self._used_with(connection, request) for request in requests]

    def _fill(self, connection: sqlite3.Connection, request: PairRequest, now: float) -> None:
        cursor = connection.execute(
            self.store.sql(
                "INSERT OR IGNORE INTO slots_{t} (scope, key, slot, occurrence_id, data, at) VALUES (?, ?, ?, ?, ?, ?)"
            ),
            (request.scope, request.key, request.slot, request.occurrence_id, request.data, now),
        )
        if cursor.rowcount == 0:
            return
        filler = cursor.lastrowid
        first = connection.execute(
            self.store.sql(
                "SELECT min(n) FROM slots_{t} WHERE scope = ? AND key = ? AND complete IS NULL "
                "AND (at > ? OR n = ?) GROUP BY slot"
            ),
            (request.scope, request.key, now - request.ttl_seconds, filler),
        ).fetchall()
        if len(first) == request.slots:
            connection.executemany(
                self.store.sql("UPDATE slots_{t} SET complete = ? WHERE n = ?"),
                [(filler, n) for (n,) in first],
            )

    def _used_with(self, connection: sqlite3.Connection, request: PairRequest) -> tuple[str, ...] | None:
        rows = connection.execute(
            self.store.sql(
                "SELECT data FROM slots_{t} WHERE complete = (SELECT complete FROM slots_{t} "
                "WHERE scope = ? AND key = ? AND slot = ? AND occurrence_id = ?) ORDER BY slot"
            ),
            (request.scope, request.key, request.slot, request.occurrence_id),
        )
        return tuple(data for (data,) in rows) or None

    def list_halves(self, scope_prefix: str, limit: int) -> list[Half]:  # noqa: D102
        text = (
            "SELECT scope, key, slot, data, at FROM slots_{t} INDEXED BY slots_waiting_{t} "
            "WHERE complete IS NULL AND scope >= ? AND scope < ? LIMIT ?"
        )
        with self.store.read() as connection:
            rows = connection.execute(
                self.store.sql(text), (scope_prefix, scope_prefix + "\U0010ffff", limit)
            )
            return [Half(*columns) for columns in rows]

    # -- cursors --------------------------------------------------------------------------------------

    def get_cursors(self, defaults: Mapping[str, float]) -> dict[str, float]:  # noqa: D102
        found = self._cursors(defaults)
        missing = {name: value for name, value in defaults.items() if name not in found}
        if missing:
            with self.store.write() as connection:
                connection.executemany(
                    self.store.sql("INSERT OR IGNORE INTO cursors_{t} VALUES (?, ?)"), missing.items()
                )
            found = self._cursors(defaults)
        return found

    def _cursors(self, names: Mapping[str, float]) -> dict[str, float]:
        if not names:
            return {}
        text = f"SELECT name, value FROM cursors_{{t}} WHERE name IN ({marks(len(names))})"
        with self.store.read() as connection:
            return dict(connection.execute(self.store.sql(text), tuple(names)).fetchall())

    def advance_cursors(self, values: Mapping[str, float]) -> None:  # noqa: D102
        with self.store.write() as connection:
            connection.executemany(
                self.store.sql("UPDATE cursors_{t} SET value = ? WHERE name = ? AND value < ?"),
                [(value, name, value) for name, value in values.items()],
            )

    # -- runs and retention ---------------------------------------------------------------------------

    def list_runs(self, trigger_id: str | None, limit: int) -> list[TriggerRun]:  # noqa: D102
        where = "" if trigger_id is None else "WHERE trigger_id = ? "
        parameters = (limit,) if trigger_id is None else (trigger_id, limit)
        with self.store.read() as connection:
            rows = connection.execute(
                self.store.sql(f"SELECT {_RUN} FROM runs_{{t}} {where}ORDER BY n DESC LIMIT ?"), parameters
            )
            return [_to_run(columns) for columns in rows]

    def find_runs(self, ids: Sequence[InvocationId]) -> dict[InvocationId, TriggerRun]:  # noqa: D102
        found = {}
        with self.store.read() as connection:
            for at in range(0, len(ids), CHUNK):
                chunk = tuple(ids[at : at + CHUNK])
                text = (
                    f"SELECT {_RUN} FROM runs_{{t}} WHERE run_id IN ({marks(len(chunk))}) "
                    "AND invocation_id IS NOT NULL"
                )
                for columns in connection.execute(self.store.sql(text), chunk):
                    found[InvocationId(columns[0])] = _to_run(columns)
        return found

    def delete_expired(self, age_seconds: float) -> None:  # noqa: D102
        before = (self.store.now() - age_seconds,)
        conditions = (
            "occurrences_{t} WHERE origin = 'trigger' AND at <= ?",
            "runs_{t} WHERE at <= ?",
            "slots_{t} WHERE at <= ?",
        )
        with self.store.read() as connection:
            old = [
                each
                for each in conditions
                if connection.execute(self.store.sql(f"SELECT 1 FROM {each} LIMIT 1"), before).fetchone()
            ]
        if old:
            with self.store.write() as connection:
                for each in old:
                    connection.execute(self.store.sql(f"DELETE FROM {each}"), before)

    def purge(self) -> None:  # noqa: D102
        with self.store.write() as connection:
            self._occurrences.clear(connection)
            for table in ("slots", "cursors", "runs", "trigger_values"):
                connection.execute(self.store.sql(f"DELETE FROM {table}_{{t}}"))


def _to_run(columns: tuple[Any, ...]) -> TriggerRun:
    run_id, trigger_id, at, occurrence_ids, invocation_id, error, chain = columns
    return TriggerRun(
        run_id=run_id,
        trigger_id=trigger_id,
        at=at,
        occurrence_ids=tuple(json.loads(occurrence_ids)),
        invocation_id=invocation_id,
        error=error,
        chain=tuple(json.loads(chain)),
    )
