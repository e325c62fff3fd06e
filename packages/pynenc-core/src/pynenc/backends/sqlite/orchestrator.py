"""SQLiteOrchestrator: each operation is one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from pynenc.backends.sqlite import claims, codec, moves, workflows
from pynenc.backends.sqlite.client_data_store import put_values
from pynenc.backends.sqlite.component import SQLiteComponent
from pynenc.backends.sqlite.merges import add_merges
from pynenc.backends.sqlite.monitor_store import SQLiteMonitorStore
from pynenc.backends.sqlite.occurrences import RECORD, OccurrenceTable, unwatch, watch
from pynenc.backends.sqlite.runners import RunnerTable
from pynenc.backends.sqlite.session import CHUNK, DELAYED, READY, Session, settle
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.conf.config_sqlite import ConfigOrchestratorSQLite
from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.merges import merges_of
from pynenc.values.operations import (
    ClaimRequest,
    Due,
    InvocationQuery,
    NewInvocation,
    OwnedInvocation,
    Step,
    StepAnswer,
    SubmitAnswer,
)
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState
from pynenc.values.runners import Beat, BeatAnswer, RunnerRecord
from pynenc.values.status import FINAL, InvocationStatus
from pynenc.values.triggers import Occurrence
from pynenc.values.workflows import RecordedOperation

_FINAL = ", ".join(f"'{status.value}'" for status in sorted(FINAL))


class SQLiteOrchestrator(SQLiteComponent, BaseOrchestrator):
    """The records of an app in a database file."""

    config_cls = ConfigOrchestratorSQLite
    store: SQLiteStore

    def __init__(self, store: SQLiteStore) -> None:
        super().__init__(store)
        self._runners = RunnerTable(store)
        self._outbox = OccurrenceTable(store, RECORD)

    # -- the hot operations ---------------------------------------------------------------------------

    def submit(  # noqa: D102
        self, batch: Sequence[NewInvocation], data: Mapping[str, str], *, enqueue: bool
    ) -> list[SubmitAnswer]:
        now = self.store.now()
        # Outside of the transaction, which other processes wait for.
        rows = [codec.to_insert(call, now) for call in batch]
        existing: dict[int, SubmitAnswer] = {}
        is_alone = len(batch) == 1 and not data and not batch[0].operations
        if not (is_alone and self._insert_alone(rows[0])):
            existing = self._insert_all(batch, rows, data, now)
        if enqueue:
            self.store.announce(len(batch) - len(existing))
        elif any(call.delay_seconds for call in batch):
            self.store.announce(1)  # whoever waits for what falls due may have to wake up sooner
        return [
            existing.get(at) or SubmitAnswer(call.invocation_id, True, call.args_id)
            for at, call in enumerate(batch)
        ]

    def advance(self, step: Step) -> StepAnswer:  # noqa: D102
        due = None
        is_search = not step.moves and step.claim is not None and step.claim.ids is None
        if not step.moves and not step.messages:
            promising = False
            if step.claim is not None:
                # Who was woken by work that was there a moment ago need not look first.
                promising, due = (
                    (True, None) if is_search and self.store.expects_work() else self._look(step.claim)
                )
            if not promising:
                if is_search:
                    self.store.note_claim(in_vain=True)
                return StepAnswer(next_due_seconds=due, states=self.get_states(step.read))
        taken: list[claims.Taken] = []
        with self._session() as session:
            answers = moves.carry_out_all(session, step.moves)
            delivered: tuple[bool, ...] = ()
            if step.messages:
                accepted = all(answer.accepted for answer in answers)
                delivered = tuple([accepted and workflows.deliver(session, each) for each in step.messages])
            entered = all(
                answer.accepted
                for move, answer in zip(step.moves, answers, strict=True)
                if move.to is InvocationStatus.PAUSED
            )
            if step.claim is not None and entered:
                taken, due = claims.claim(session, step.claim)
                # Another thread may take what is left of what others announced.
                session.new_work += len(taken) == step.claim.limit and step.claim.ids is None
            session.flush()
            states = _states(session, step.read)
        if is_search:
            self.store.note_claim(in_vain=not taken)
        return StepAnswer(
            moves=answers,
            delivered=delivered,
            claims=claims.to_claims(taken, step.claim.token) if step.claim is not None else (),
            unparked=tuple(session.unparked),
            next_due_seconds=due,
            states=states,
        )

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self.store.write() as connection:
            session = Session(connection, self.store.sql, self.store.now())
            yield session
            session.finish()
        self.store.announce(session.new_work, session.ended, session.available)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self.store.read() as connection:
            yield Session(connection, self.store.sql, 0.0)

    def _insert_alone(self, row: tuple[Any, ...]) -> bool:
        """Write one call without the statements around a transaction; False if it, or one like it, existed."""
        cursor = self.store.write_once(codec.INSERT, row)
        if cursor.rowcount != 1:
            return False
        if (cursor.lastrowid or 0) % codec.SETTLED_EVERY == 0:
            # It is registered already. What is left is done with the next ones.
            with suppress(StoreError), self.store.write() as connection:
                settle(connection, self.store.sql)
        return True

    def _insert_all(
        self,
        batch: Sequence[NewInvocation],
        rows: list[tuple[Any, ...]],
        data: Mapping[str, str],
        now: float,
    ) -> dict[int, SubmitAnswer]:
        """Write a batch and what belongs to it in one step; answers for what existed, by position."""
        sql = self.store.sql
        with self.store.write() as connection:
            if data:
                put_values(connection, sql, data, now)
            existing = self._insert(connection, batch, rows)
            if existing:
                add_merges(connection, sql, merges_of(batch, existing), now)
            new = [call for at, call in enumerate(batch) if at not in existing]
            going_on = [call for call in new if call.operations]
            if going_on:
                workflows.record_of_new(connection, sql, going_on)
            if new:
                settle(connection, sql)
        return existing

    def _insert(
        self, connection: sqlite3.Connection, batch: Sequence[NewInvocation], rows: list[tuple[Any, ...]]
    ) -> dict[int, SubmitAnswer]:
        """Write all at once, or one by one if something existed; answers for what did, by position."""
        insert = self.store.sql(codec.INSERT)
        if len(batch) > 1 and not any(call.reg_key for call in batch):
            connection.execute("SAVEPOINT batch")
            if connection.executemany(insert, rows).rowcount == len(batch):
                return {}
            connection.execute("ROLLBACK TO batch")
        return {
            at: self._existing(connection, call)
            for at, call in enumerate(batch)
            if connection.execute(insert, rows[at]).rowcount != 1
        }

    def _existing(self, connection: sqlite3.Connection, call: NewInvocation) -> SubmitAnswer:
        select = self.store.sql("SELECT invocation_id, args_id, arguments FROM inv_{t} WHERE ")
        found = (
            connection.execute(f"{select} invocation_id = ?", (call.invocation_id,)).fetchone()
            or connection.execute(
                f"{select} reg_key = ? AND reg_key IS NOT NULL AND epoch = 0 AND ended_at IS NULL",
                (call.reg_key,),
            ).fetchone()
        )
        return SubmitAnswer(found[0], False, found[1], found[2])

    def _look(self, request: ClaimRequest) -> tuple[bool, float | None]:
        """Whether a claim may find something, and when the next of the delayed falls due.

        Plain reads, so that looking in vain takes no lock.
        """
        if request.repeated:
            return True, None
        with self.store.read() as connection:
            session = Session(connection, self.store.sql, self.store.now())
            if request.ids is not None:
                return claims.may_find_named(session, request), None
            return claims.may_find(session, request)

    # -- reads ----------------------------------------------------------------------------------------

    def get_states(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationState]:  # noqa: D102
        if not ids:
            return {}
        with self.store.read() as connection:
            return _states(Session(connection, self.store.sql, 0.0), ids)

    def get_records(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        records = {}
        with self.store.read() as connection:
            for at in range(0, len(ids), CHUNK):
                chunk = ids[at : at + CHUNK]
                text = self.store.sql(codec.by_ids(codec.RECORD, len(chunk)))
                for columns in connection.execute(text, chunk):
                    record = codec.to_record(columns)
                    records[record.invocation_id] = record
        return records

    def find_results(self, task_id: str, args_ids: Sequence[str]) -> dict[str, InvocationState]:  # noqa: D102
        found = {}
        with self.store.read() as connection:
            for at in range(0, len(args_ids), CHUNK):
                chunk = args_ids[at : at + CHUNK]
                text = self.store.sql(
                    f"SELECT args_id, {codec.STATE} FROM inv_{{t}} INDEXED BY inv_results_{{t}} "
                    "WHERE caches_result = 1 AND outcome_kind = 'result' AND status = 'success' "
                    f"AND task_id = ? AND args_id IN ({codec.marks(len(chunk))}) ORDER BY n"
                )
                for args_id, *columns in connection.execute(text, (task_id, *chunk)):
                    found[args_id] = codec.to_state(tuple(columns))
        return found

    def get_history(self, invocation_id: InvocationId) -> list[HistoryEntry]:  # noqa: D102
        with self.store.read() as connection:
            row = connection.execute(
                self.store.sql("SELECT history FROM inv_{t} WHERE invocation_id = ?"), (invocation_id,)
            ).fetchone()
        return [] if row is None else codec.to_history(row[0])

    def list_records(self, query: InvocationQuery) -> list[InvocationRecord]:  # noqa: D102
        conditions: list[str] = []
        parameters: list[Any] = []
        for column in ("parent_id", "runner_id"):
            value = getattr(query, column)
            if value is not None:
                conditions.append(f"{column} = ?")
                parameters.append(value)
        if query.root_id is not None:
            conditions.append("(root_id = ? OR (root_id IS NULL AND invocation_id = ?))")
            parameters += [query.root_id, query.root_id]
        if query.workflows:
            conditions.append("workflow_id = invocation_id")
        if query.awaits is not None:
            conditions.append(
                "ended_at IS NULL AND invocation_id IN (SELECT workflow_id FROM awaited_{t} WHERE name = ?)"
            )
            parameters.append(query.awaits)
        if query.statuses is not None:
            conditions.append(f"status IN ({codec.marks(len(query.statuses))})")
            parameters += sorted(status.value for status in query.statuses)
        behind, order = (">", "ASC") if query.oldest_first else ("<", "DESC")
        if query.after is not None:
            conditions.append(f"n {behind} (SELECT n FROM inv_{{t}} WHERE invocation_id = ?)")
            parameters.append(query.after)
        sources = [("inv_{t}", "TRUE")]
        if query.task_id is not None:
            sources = [(codec.THROUGH_CALLS, codec.CALLED), ("inv_{t}", codec.CALLED_SINCE)]
            parameters.insert(0, query.task_id)
        text = " UNION ALL ".join(
            f"SELECT n, {codec.RECORD} FROM {table} WHERE {' AND '.join([condition, *conditions])}"
            for table, condition in sources
        )
        with self.store.read() as connection:
            rows = connection.execute(
                self.store.sql(f"{text} ORDER BY n {order} LIMIT ?"),
                (*parameters * len(sources), query.limit),
            )
            return [codec.to_record(columns[1:]) for columns in rows]

    def list_operations(self, workflow_id: str, after: int, limit: int) -> list[RecordedOperation]:  # noqa: D102
        with self._reading() as session:
            return workflows.list_operations(session, workflow_id, after, limit)

    def list_messages(self, workflow_id: str, name: str, after: int, limit: int) -> list[str]:  # noqa: D102
        with self._reading() as session:
            return workflows.list_messages(session, workflow_id, name, after, limit)

    def get_workflow_values(self, workflow_id: str, names: Sequence[str] | None = None) -> dict[str, str]:  # noqa: D102
        with self._reading() as session:
            select = "SELECT name, value FROM workflow_values_{t} WHERE workflow_id = ?"
            values = dict(session.execute(select, (workflow_id,)).fetchall())
        return values if names is None else {name: values[name] for name in names if name in values}

    def count_by_status(self, task_id: str | None = None) -> dict[InvocationStatus, int]:  # noqa: D102
        where, parameters = ("", ()) if task_id is None else ("WHERE task_id = ? ", (task_id,))
        text = f"SELECT status, sum(n) FROM counts_of_all_{{t}} {where}GROUP BY status HAVING sum(n) > 0"
        with self.store.read() as connection:
            rows = connection.execute(self.store.sql(text), parameters)
            return {codec.BY_TEXT[status]: count for status, count in rows}

    def find_available(self, ids_after: InvocationId | None, limit: int) -> list[InvocationId]:  # noqa: D102
        text = (
            "SELECT invocation_id FROM inv_{t} "
            f"WHERE (queued = {READY} OR (queued = {DELAYED} AND available_at <= ?)) "
            "AND n > coalesce((SELECT n FROM inv_{t} WHERE invocation_id = ?), 0) ORDER BY n LIMIT ?"
        )
        with self.store.read() as connection:
            rows = connection.execute(self.store.sql(text), (self.store.now(), ids_after, limit))
            return codec.ids_of(rows.fetchall())

    def take_due(self, limit: int) -> Due:  # noqa: D102
        with self.store.read() as connection:
            due = claims.due_in(Session(connection, self.store.sql, self.store.now()))
        if due is None or due > 0:
            return Due((), due)
        with self._session() as session:
            ids = claims.promote_due(session, limit)
            return Due(tuple(ids), claims.due_in(session))

    def count_delayed(self) -> int:  # noqa: D102
        with self.store.read() as connection:
            text = self.store.sql(f"SELECT count(*) FROM inv_{{t}} WHERE queued = {DELAYED}")
            return int(connection.execute(text).fetchone()[0])

    def get_waits(self) -> dict[InvocationId, list[InvocationId]]:  # noqa: D102
        waits: dict[InvocationId, list[InvocationId]] = {}
        with self.store.read() as connection:
            for waiter, waited in connection.execute(self.store.sql("SELECT waiter, waited FROM waits_{t}")):
                waits.setdefault(waiter, []).append(waited)
        return waits

    # -- runners --------------------------------------------------------------------------------------

    def beat(self, beat: Beat) -> BeatAnswer:  # noqa: D102
        return self._runners.beat(beat)

    def request_drain(self, runner_id: RunnerId) -> bool:  # noqa: D102
        return self._runners.drain(runner_id)

    def list_runners(self, *, include_stopped: bool = False) -> list[RunnerRecord]:  # noqa: D102
        return self._runners.list_all(include_stopped=include_stopped)

    def forget_runners(self, age_seconds: float) -> None:  # noqa: D102
        self._runners.forget(age_seconds)

    def find_orphans(self, dead: Sequence[RunnerId], limit: int) -> list[OwnedInvocation]:  # noqa: D102
        # Looks at what is owned, which is little, not at all the runners that ever stopped.
        text = (
            "SELECT invocation_id, task_id, status, seq, epoch, recoveries, runner_id "
            "FROM inv_{t} AS i INDEXED BY inv_owned_{t} WHERE token IS NOT NULL "
            f"AND (runner_id IN ({codec.marks(len(dead))}) OR EXISTS (SELECT 1 FROM runners_{{t}} AS r "
            "WHERE r.runner_id = i.runner_id AND r.stopped_at IS NOT NULL)) LIMIT ?"
        )
        with self.store.read() as connection:
            rows = connection.execute(self.store.sql(text), (*dead, limit))
            return [OwnedInvocation(row[0], row[1], codec.BY_TEXT[row[2]], *row[3:]) for row in rows]

    def open_monitor_store(self) -> SQLiteMonitorStore:  # noqa: D102
        return SQLiteMonitorStore(self.store)

    # -- occurrences ----------------------------------------------------------------------------------

    def watch_statuses(  # noqa: D102
        self, watched: Mapping[str, frozenset[InvocationStatus]], forget_seconds: float
    ) -> None:
        with self.store.write() as connection:
            watch(connection, self.store, watched, forget_seconds)

    def take_occurrences(self, limit: int, lease_seconds: float) -> list[Occurrence]:  # noqa: D102
        return self._outbox.take(limit, lease_seconds)

    def acknowledge_occurrences(self, ids: Sequence[str]) -> None:  # noqa: D102
        with self.store.write() as connection:
            self._outbox.settle(connection, [(occurrence_id, "") for occurrence_id in ids], self.store.now())

    # -- removal --------------------------------------------------------------------------------------

    def find_expired(self, age_seconds: float, limit: int) -> list[InvocationId]:  # noqa: D102
        text = (
            "SELECT invocation_id FROM inv_{t} AS i WHERE ended_at IS NOT NULL AND ended_at <= ? AND "
            "(workflow_id IS NULL OR NOT EXISTS (SELECT 1 FROM inv_{t} AS r WHERE r.invocation_id IN "
            "(i.root_id, i.workflow_id, i.parent_id) AND r.ended_at IS NULL)) ORDER BY ended_at LIMIT ?"
        )
        with self.store.read() as connection:
            rows = connection.execute(self.store.sql(text), (self.store.now() - age_seconds, limit))
            return codec.ids_of(rows.fetchall())

    def delete(self, ids: Sequence[InvocationId]) -> None:  # noqa: D102
        with self._session() as session:
            settle(session.connection, self.store.sql)
            for invocation_id in dict.fromkeys(ids):
                row = session.execute(
                    f"DELETE FROM inv_{{t}} WHERE invocation_id = ? AND status IN ({_FINAL}) "
                    "RETURNING task_id, status, workflow_id = invocation_id, n, reg_key IS NOT NULL",
                    (invocation_id,),
                ).fetchone()
                if row is not None:
                    session.count(row[0], codec.BY_TEXT[row[1]], -1)
                    session.execute("DELETE FROM calls_{t} WHERE task = ? AND n = ?", (row[0], row[3]))
                    if row[2]:
                        workflows.forget(session, invocation_id)
                    if row[4]:
                        session.execute("DELETE FROM merges_{t} WHERE invocation_id = ?", (invocation_id,))
            # The positions of the last ones are given again.
            settle(session.connection, self.store.sql)

    def purge(self) -> None:  # noqa: D102
        with self.store.write() as connection:
            unwatch(connection, self.store)
            self._outbox.clear(connection)
            for table in _TABLES:
                connection.execute(self.store.sql(f"DELETE FROM {table}_{{t}}"))
            settle(connection, self.store.sql)


#: All that belongs to the orchestrator alone.
_TABLES = (
    "inv",
    "merges",
    "waits",
    "tallies",
    "calls",
    "recovered",
    "runners",
    "runner_slots",
    "drains",
    "leases",
    *workflows.TABLES,
)


def _states(session: Session, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationState]:
    states = {}
    for at in range(0, len(ids), CHUNK):
        chunk = ids[at : at + CHUNK]
        for columns in session.execute(codec.by_ids(codec.STATE, len(chunk)), chunk):
            states[columns[0]] = codec.to_state(columns)
    return states
