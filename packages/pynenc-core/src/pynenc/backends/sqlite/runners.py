"""Runner rows and leases."""

from __future__ import annotations

import sqlite3

from pynenc.backends.sqlite import codec
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.values.ids import RunnerId
from pynenc.values.runners import Beat, BeatAnswer, LeaseRequest, RunnerIdentity, RunnerRecord


class RunnerTable:
    """The runners of one app, in the order of their first beat."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def beat(self, beat: Beat) -> BeatAnswer:
        """Refresh rows and take or renew a lease, in one transaction."""
        with self._store.write() as connection:
            now = self._store.now()
            for identity in beat.alive:
                self._refresh(connection, identity, now)
            connection.executemany(
                self._store.sql(
                    "UPDATE runners_{t} SET stopped_at = ?, stop_reason = ? WHERE runner_id = ? AND stopped_at IS NULL"
                ),
                [(now, reason, runner_id) for runner_id, reason in beat.stopped],
            )
            connection.executemany(
                self._store.sql("DELETE FROM drains_{t} WHERE runner_id = ?"),
                [(runner_id,) for runner_id, _ in beat.stopped],
            )
            return BeatAnswer(
                leads=beat.lease is not None and self._lease(connection, beat.lease, now),
                drains=bool(beat.alive) and self._drains(connection, beat.alive[0].runner_id),
            )

    def drain(self, runner_id: RunnerId) -> bool:
        """Ask a runner to take nothing more; False if it does not live."""
        with self._store.write() as connection:
            connection.execute(
                self._store.sql(
                    "INSERT OR IGNORE INTO drains_{t} "
                    "SELECT runner_id FROM runners_{t} WHERE runner_id = ? AND stopped_at IS NULL"
                ),
                (runner_id,),
            )
            return self._drains(connection, runner_id)

    def list_all(self, *, include_stopped: bool) -> list[RunnerRecord]:
        """The runners in order."""
        where = "" if include_stopped else "WHERE stopped_at IS NULL "
        text = f"SELECT {codec.RUNNER} FROM runners_{{t}} {where}ORDER BY n"
        with self._store.read() as connection:
            return [codec.to_runner(columns) for columns in connection.execute(self._store.sql(text))]

    def forget(self, age_seconds: float) -> None:
        """Remove those that stopped long ago and own nothing."""
        with self._store.write() as connection:
            connection.execute(
                self._store.sql(
                    "DELETE FROM runners_{t} WHERE stopped_at IS NOT NULL AND stopped_at <= ? AND NOT EXISTS "
                    "(SELECT 1 FROM inv_{t} AS i WHERE i.runner_id = runners_{t}.runner_id AND i.token IS NOT NULL)"
                ),
                (self._store.now() - age_seconds,),
            )
            connection.execute(
                self._store.sql(
                    "DELETE FROM runner_slots_{t} WHERE runner_id NOT IN (SELECT runner_id FROM runners_{t})"
                )
            )

    def _drains(self, connection: sqlite3.Connection, runner_id: RunnerId) -> bool:
        text = self._store.sql("SELECT 1 FROM drains_{t} WHERE runner_id = ?")
        return connection.execute(text, (runner_id,)).fetchone() is not None

    def _refresh(self, connection: sqlite3.Connection, identity: RunnerIdentity, now: float) -> None:
        connection.execute(
            self._store.sql(
                "INSERT INTO runners_{t} "
                "(runner_id, runner_cls, host, pid, parent_id, started_at, beats, last_beat_at) "
                "VALUES (?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT (runner_id) DO UPDATE SET beats = beats + 1, "
                "last_beat_at = excluded.last_beat_at, stopped_at = NULL, stop_reason = ''"
            ),
            (
                identity.runner_id,
                identity.runner_cls,
                identity.host,
                identity.pid,
                identity.parent_id,
                now,
                now,
            ),
        )

        if identity.slots:
            text = self._store.sql("INSERT OR IGNORE INTO runner_slots_{t} VALUES (?, ?)")
            connection.execute(text, (identity.runner_id, identity.slots))

    def _lease(self, connection: sqlite3.Connection, lease: LeaseRequest, now: float) -> bool:
        cursor = connection.execute(
            self._store.sql(
                "INSERT INTO leases_{t} VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET holder = excluded.holder, until = excluded.until WHERE holder = excluded.holder OR until <= ?"
            ),
            (lease.name, lease.holder, now + lease.seconds, now),
        )
        return cursor.rowcount == 1
