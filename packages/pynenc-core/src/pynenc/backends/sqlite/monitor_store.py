"""SQLiteMonitorStore: reads for people, each along an index, on a connection of its own that cannot write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pynenc.backends.sqlite import codec
from pynenc.backends.sqlite.figures import columns_of, to_figures
from pynenc.backends.sqlite.merges import COLUMNS as MERGES
from pynenc.backends.sqlite.merges import to_merges
from pynenc.backends.sqlite.reading import Reading
from pynenc.backends.sqlite.record_filter import Sql, sql_of
from pynenc.backends.sqlite.record_pages import find_cursor, read_page, read_registered
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.merges import Merges
from pynenc.values.monitor import Failed, Finished, RecordPage, RecordQuery, Registered, Waits, equal_parts
from pynenc.values.record_filter import Like, RecordFilter, TextField
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import Lease, RunnerRecord
from pynenc.values.status import InvocationStatus

#: Of one statement that asks the same of each.
_PARTS = 100
_FIGURES = columns_of(Finished)
_ENDED = "FROM inv_{t} INDEXED BY inv_finished_{t} WHERE ended_at IS NOT NULL"
_FAILED = "FROM inv_{t} INDEXED BY inv_failed_{t} WHERE outcome_kind = 'exception' AND ended_at IS NOT NULL"
_WITHIN = "AND ended_at >= ? AND ended_at < ?"
_OF_PART = "AND ended_at >= since AND ended_at < until"


class SQLiteMonitorStore(BaseMonitorStore):
    """The records of an app in a database file, for people."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    @contextmanager
    def _read(self) -> Iterator[Reading]:
        with self._store.inspect() as connection:
            yield Reading(connection, self._store)

    def change_token(self) -> str:  # noqa: D102
        with self._read() as reading:
            return str(reading.value("PRAGMA data_version"))

    def count_by_task(self) -> dict[str, dict[InvocationStatus, int]]:  # noqa: D102
        counts: dict[str, dict[InvocationStatus, int]] = {}
        text = (
            "SELECT task_id, status, sum(n) FROM counts_of_all_{t} GROUP BY task_id, status HAVING sum(n) > 0"
        )
        with self._read() as reading:
            for task_id, status, n in reading.rows(text):
                counts.setdefault(task_id, {})[codec.BY_TEXT[status]] = n
        return counts

    def count_recovered(self) -> dict[InvocationStatus, int]:  # noqa: D102
        with self._read() as reading:
            rows = reading.rows("SELECT status, n FROM recovered_{t}")
        return {codec.BY_TEXT[status]: n for status, n in rows}

    # -- lists ----------------------------------------------------------------------------------------

    def list_invocations(self, query: RecordQuery) -> RecordPage:  # noqa: D102
        with self._read() as reading:
            return read_page(reading, query)

    def find_cursor(self, before: float) -> str:  # noqa: D102
        with self._read() as reading:
            return find_cursor(reading, before)

    def get_invocations(self, ids: Sequence[InvocationId]) -> dict[InvocationId, InvocationRecord]:  # noqa: D102
        with self._read() as reading:
            rows = reading.by_ids(codec.SLIM_RECORD, ids)
        return {row[0]: codec.to_record(row) for row in rows}

    def find_matching(self, ids: Sequence[InvocationId], where: RecordFilter) -> set[InvocationId]:  # noqa: D102
        condition = sql_of(where)
        with self._read() as reading:
            return {name for (name,) in reading.by_ids("invocation_id", ids, where=condition)}

    def find_by_prefix(self, prefix: str, limit: int) -> list[InvocationRecord]:  # noqa: D102
        if not prefix:
            return []
        text = (
            f"SELECT {codec.SLIM_RECORD} FROM inv_{{t}} WHERE invocation_id >= ? AND invocation_id < ? "
            "ORDER BY invocation_id LIMIT ?"
        )
        with self._read() as reading:
            return [
                codec.to_record(row) for row in reading.rows(text, (prefix, prefix + "\U0010ffff", limit))
            ]

    def find_by_suffix(self, suffix: str, limit: int, search_limit: int) -> list[InvocationRecord]:  # noqa: D102
        # Only the index of ids is looked at, and the records of what was found.
        first = "SELECT invocation_id FROM inv_{t} ORDER BY invocation_id DESC LIMIT 1 OFFSET ?"
        ends_so = sql_of(Like(TextField.INVOCATION_ID, ("", suffix)))
        text = (
            f"SELECT invocation_id FROM inv_{{t}} WHERE invocation_id >= coalesce(({first}), '') "
            f"AND {ends_so.text} ORDER BY invocation_id DESC LIMIT ?"
        )
        with self._read() as reading:
            found = [row[0] for row in reading.rows(text, (search_limit - 1, *ends_so.parameters, limit))]
            rows = reading.by_ids(codec.SLIM_RECORD, found)
        return sorted(map(codec.to_record, rows), key=lambda one: one.invocation_id, reverse=True)

    # -- one invocation -------------------------------------------------------------------------------

    def get_histories(self, ids: Sequence[InvocationId]) -> dict[InvocationId, list[HistoryEntry]]:  # noqa: D102
        with self._read() as reading:
            rows = reading.by_ids("invocation_id, history", ids)
        return {invocation_id: codec.to_history(packed) for invocation_id, packed in rows}

    def get_payloads(self, invocation_id: InvocationId, limit: int) -> Mapping[PayloadKind, str]:  # noqa: D102
        text = "SELECT substr(arguments, 1, ?), substr(outcome, 1, ?) FROM inv_{t} WHERE invocation_id = ?"
        with self._read() as reading:
            rows = reading.rows(text, (limit, limit, invocation_id))
        stored = zip((PayloadKind.ARGUMENTS, PayloadKind.OUTCOME), *rows, strict=True) if rows else ()
        return {kind: payload for kind, payload in stored if payload is not None}

    def get_merges(self, ids: Sequence[InvocationId]) -> dict[InvocationId, Merges]:  # noqa: D102
        with self._read() as reading:
            rows = reading.by_ids(f"invocation_id, {MERGES}", ids, table="merges")
        return {row[0]: to_merges(row[1:]) for row in rows}

    def list_waits(self, invocation_id: InvocationId, limit: int) -> Waits:  # noqa: D102
        each = "SELECT * FROM (SELECT {}, waited FROM waits_{{t}} WHERE {} = ? LIMIT ?)"
        text = f"{each.format('waiter', 'waiter')} UNION ALL {each.format('waiter', 'waited')}"
        with self._read() as reading:
            rows = reading.rows(text, (invocation_id, limit) * 2)
        return Waits(
            tuple(waited for waiter, waited in rows if waiter == invocation_id),
            tuple(waiter for waiter, waited in rows if waited == invocation_id),
        )

    def count_families(  # noqa: D102
        self, roots: Sequence[InvocationId], most: int
    ) -> dict[InvocationId, dict[InvocationStatus, int]]:
        members = (
            "SELECT root_id, status FROM inv_{t} INDEXED BY inv_root_{t} WHERE root_id = ? ORDER BY n LIMIT ?"
        )
        counts: dict[InvocationId, dict[InvocationStatus, int]] = {}
        with self._read() as reading:
            for at in range(0, len(roots), _PARTS):
                text, parameters = _of_each(
                    f"SELECT * FROM (SELECT root_id, status, count(*) FROM ({members}) GROUP BY root_id, status)",
                    [(one, most) for one in roots[at : at + _PARTS]],
                )
                for root_id, status, n in reading.rows(text, parameters):
                    counts.setdefault(root_id, {})[codec.BY_TEXT[status]] = n
        return counts

    # -- what happens and happened --------------------------------------------------------------------

    def list_registered(self, since: float, limit: int) -> list[Registered]:  # noqa: D102
        with self._read() as reading:
            return read_registered(reading, since, limit)

    def list_finished(  # noqa: D102
        self, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[Finished]:
        text = f"SELECT {_FIGURES} {_ENDED} {_WITHIN} ORDER BY ended_at {'ASC' if oldest_first else 'DESC'} LIMIT ?"
        with self._read() as reading:
            return to_figures(Finished, reading.parts(text, (since, until, limit)))

    def sample_finished(  # noqa: D102
        self, since: float, until: float, parts: int, each: int, *, beyond: int
    ) -> list[list[Finished]]:
        source, edges = _parts(since, until, parts)
        # What ended at the same instant as the first that is wanted of a part is read with it, and left out below.
        first = f"SELECT ended_at {_ENDED} {_OF_PART} ORDER BY ended_at DESC LIMIT 1 OFFSET ?"
        text = (
            f"SELECT part, {_FIGURES} FROM {source} CROSS JOIN inv_{{t}} INDEXED BY inv_finished_{{t}} "
            f"WHERE (SELECT count(*) FROM (SELECT 1 {_ENDED} {_WITHIN} LIMIT ?)) > ? AND ended_at IS NOT NULL "
            f"AND ended_at < until AND ended_at >= coalesce(({first}), since)"
        )
        with self._read() as reading:
            rows = reading.rows(text, (*edges, since, until, beyond + 1, beyond, each - 1))
        found: list[list[Finished]] = [[] for _ in range(parts)] if rows else []
        for (at, *_), finished in zip(rows, to_figures(Finished, [[row[1:] for row in rows]]), strict=True):
            found[at].append(finished)
        return [sorted(part, key=lambda row: row.ended_at, reverse=True)[:each] for part in found]

    def count_failed(  # noqa: D102
        self, since: float, until: float, parts: int, most: int, where: RecordFilter | None = None
    ) -> list[int]:
        source, edges = _parts(since, until, parts)
        # Without a condition no record has to be read.
        columns, fitting = ("1", Sql("TRUE")) if where is None else ("*", sql_of(where))
        number = f"SELECT count(*) FROM (SELECT {columns} {_FAILED} {_OF_PART} LIMIT ?) WHERE {fitting.text}"
        with self._read() as reading:
            text = f"SELECT part, ({number}) FROM {source}"
            return [n for _, n in reading.rows(text, (most, *fitting.parameters, *edges))]

    def list_failed(self, since: float, until: float, limit: int) -> list[Failed]:  # noqa: D102
        text = f"SELECT {columns_of(Failed)} {_FAILED} {_WITHIN} ORDER BY ended_at DESC LIMIT ?"
        with self._read() as reading:
            return to_figures(Failed, reading.parts(text, (since, until, limit)))

    def list_owned(self, limit: int, runner_id: str | None = None) -> list[InvocationRecord]:  # noqa: D102
        where, parameters = ("", ()) if runner_id is None else ("AND runner_id = ? ", (runner_id,))
        text = (
            f"SELECT {codec.SLIM_RECORD} FROM inv_{{t}} INDEXED BY inv_owned_{{t}} WHERE token IS NOT NULL "
            f"{where}LIMIT ?"
        )
        with self._read() as reading:
            return [codec.to_record(row) for row in reading.rows(text, (*parameters, limit))]

    def find_longest_waiting(self) -> InvocationRecord | None:  # noqa: D102
        first = (
            "SELECT n FROM inv_{t} INDEXED BY inv_ready_{t} WHERE queued = 1 "
            "ORDER BY dependents DESC, priority DESC, n LIMIT 1"
        )
        due = (
            "SELECT n FROM inv_{t} INDEXED BY inv_delayed_{t} WHERE queued = 2 AND available_at <= ? "
            "ORDER BY available_at LIMIT 1"
        )
        text = (
            f"SELECT {codec.SLIM_RECORD} FROM inv_{{t}} WHERE n IN (({first}), ({due})) "
            "ORDER BY available_at LIMIT 1"
        )
        with self._read() as reading:
            rows = reading.rows(text, (self._store.now(),))
        return codec.to_record(rows[0]) if rows else None

    # -- runners --------------------------------------------------------------------------------------

    def list_runners(self, limit: int) -> list[RunnerRecord]:  # noqa: D102
        each = f"SELECT {codec.RUNNER} FROM runners_{{t}} WHERE stopped_at IS {{}} ORDER BY n DESC LIMIT ?"
        both = " UNION ALL ".join(
            f"SELECT * FROM ({each.format(end, t='{t}')})" for end in ("NULL", "NOT NULL")
        )
        with self._read() as reading:
            rows = reading.rows(both, (limit, limit))[:limit]
        return [codec.to_runner(row) for row in rows]

    def find_lease(self, name: str) -> Lease | None:  # noqa: D102
        with self._read() as reading:
            rows = reading.rows("SELECT holder, until FROM leases_{t} WHERE name = ?", (name,))
        return Lease(*rows[0]) if rows else None

    def get_runners(self, ids: Sequence[str]) -> dict[str, RunnerRecord]:  # noqa: D102
        with self._read() as reading:
            rows = reading.by_ids(codec.RUNNER, ids, table="runners", key="runner_id")
        return {row[0]: codec.to_runner(row) for row in rows}


def _parts(since: float, until: float, number: int) -> tuple[str, list[Any]]:
    """The equal parts of a window as a table of ``part``, ``since`` and ``until``, and what stands in it.

    A statement for each part, all of them put together, takes SQLite longer to prepare than to answer.
    """
    rows = ", ".join(["(?, ?, ?)"] * number)
    columns = "column1 AS part, column2 AS since, column3 AS until"
    edges = enumerate(equal_parts(since, until, number))
    return f"(SELECT {columns} FROM (VALUES {rows}))", [value for at, part in edges for value in (at, *part)]


def _of_each(part: str, parameters: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """One statement that asks the same of each."""
    return " UNION ALL ".join([part] * len(parameters)), [value for each in parameters for value in each]
