"""SQLiteMonitorStore: reads for people, each along an index, on a connection of its own that cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from pynenc.backends.sqlite import codec
from pynenc.backends.sqlite.record_filter import Sql, sql_of
from pynenc.backends.sqlite.session import CHUNK, DELAYED, PARKED, READY
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Failed, Finished, RecordPage, RecordQuery, Waits, equal_parts
from pynenc.values.record_filter import Like, RecordFilter, TextField
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import Lease, RunnerRecord
from pynenc.values.status import FINAL, OWNED, InvocationStatus

_S = InvocationStatus
#: Of one statement that asks the same of each.
_PARTS = 100
#: Larger than any position.
_END = 2**62

_UNSUCCESSFUL = frozenset({_S.FAILED, _S.CANCELLED, _S.CONCURRENCY_CONTROLLED_FINAL})
_PAUSED = frozenset({_S.PAUSED})
#: PAUSED is not among them: a workflow that sleeps belongs to nobody.
_OWNED = OWNED - _PAUSED
_WAITING = frozenset({_S.REGISTERED, _S.REROUTED, _S.RETRY, _S.CONCURRENCY_CONTROLLED})

#: As the indexes say it, so that SQLite sees that they serve.
_IS_UNSUCCESSFUL = "ended_at IS NOT NULL AND outcome_kind IS NOT 'result'"
_OWNED_ONES = "SELECT n FROM inv_{t} INDEXED BY inv_owned_{t} WHERE token IS NOT NULL"
_WAITING_ONES = " UNION ALL ".join(
    f"SELECT n FROM inv_{{t}} INDEXED BY inv_{name}_{{t}} WHERE queued = {queued}"
    for name, queued in (("ready", READY), ("delayed", DELAYED), ("parked", PARKED))
)
#: Where those are that rest in some of these statuses, if there are not many of them.
_FEW_ONES = {
    _OWNED: _OWNED_ONES,
    _WAITING: _WAITING_ONES,
    frozenset(_S) - FINAL: f"{_OWNED_ONES} UNION ALL {_WAITING_ONES} UNION ALL "
    "SELECT n FROM inv_{t} INDEXED BY inv_paused_{t} WHERE status = 'paused'",
}
#: By halves: everything up to ``low`` was registered before an instant, nothing from ``high`` on.
_FIRST_SINCE = """SELECT n FROM inv_{t} WHERE n >= (
    WITH RECURSIVE search (low, high) AS (
        SELECT 0, max(n) + 1 FROM inv_{t}
        UNION ALL
        SELECT iif(created_at < ?, (low + high) / 2, low), iif(created_at < ?, high, (low + high) / 2)
        FROM search CROSS JOIN inv_{t} ON n = (SELECT min(n) FROM inv_{t} WHERE n >= (low + high) / 2)
        WHERE high - low > 1
    )
    SELECT min(high) FROM search
) ORDER BY n LIMIT 1"""
_FIGURES = "ended_at, status, task_id, invocation_id, runner_id, started_at, available_at"
_WITHIN = "ended_at IS NOT NULL AND ended_at >= ? AND ended_at < ?"
_ENDED = f"FROM inv_{{t}} INDEXED BY inv_finished_{{t}} WHERE {_WITHIN}"
_FAILED = f"FROM inv_{{t}} INDEXED BY inv_failed_{{t}} WHERE outcome_kind = 'exception' AND {_WITHIN}"


class _Source(NamedTuple):
    """Where the records of a question are looked for, in the order of their positions."""

    indexed_by: str
    condition: str
    parameters: tuple[Any, ...] = ()
    #: Whether every one of them is an answer, so that none is looked at in vain.
    exact: bool = False
    #: The condition on more of them, which are few, and its parameters.
    others: tuple[str, tuple[Any, ...]] | None = None

    @property
    def positions(self) -> str:
        """The table that has their positions."""
        if self.condition == codec.CALLED:
            return "calls_{t}"
        return f"inv_{{t}} INDEXED BY {self.indexed_by}_{{t}}" if self.indexed_by else "inv_{t}"

    @property
    def records(self) -> str:
        """The table that has the whole of them."""
        return codec.THROUGH_CALLS if self.condition == codec.CALLED else self.positions


class SQLiteMonitorStore(BaseMonitorStore):
    """The records of an app in a database file, for people."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    @contextmanager
    def _read(self) -> Iterator[_Reading]:
        with self._store.inspect() as connection:
            yield _Reading(connection, self._store)

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
        start = _position(query.cursor)
        with self._read() as reading:
            source = _source(reading, query)
            begin = start if start is not None else 0 if query.oldest_first else _END
            stop = None if source.exact else _stop(reading, query, source, begin)
            rows = reading.rows(*_select(query, source, begin, stop))
        found = rows[: query.limit]
        following = None
        if len(rows) > query.limit:
            following = str(found[-1][0])
        elif stop is not None:
            following = str(stop)
        return RecordPage(tuple(codec.to_record(row[1:]) for row in found), following)

    def find_cursor(self, before: float) -> str:  # noqa: D102
        with self._read() as reading:
            found = reading.value(_FIRST_SINCE, (before, before))
        return "" if found is None else str(found)

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

    def list_finished(  # noqa: D102
        self, since: float, until: float, limit: int, *, oldest_first: bool = False
    ) -> list[Finished]:
        text = f"SELECT {_FIGURES} {_ENDED} ORDER BY ended_at {'ASC' if oldest_first else 'DESC'} LIMIT ?"
        with self._read() as reading:
            return _finished(reading.rows(text, (since, until, limit)))

    def sample_finished(  # noqa: D102
        self, since: float, until: float, parts: int, each: int
    ) -> list[list[Finished]]:
        part = f"SELECT * FROM (SELECT ?, {_FIGURES} {_ENDED} ORDER BY ended_at DESC LIMIT ?)"
        text, parameters = _of_each(
            part, [(at, *edges, each) for at, edges in enumerate(equal_parts(since, until, parts))]
        )
        with self._read() as reading:
            rows = reading.rows(text, parameters)
        found: list[list[Finished]] = [[] for _ in range(parts)]
        for (at, *_), finished in zip(rows, _finished([row[1:] for row in rows]), strict=True):
            found[at].append(finished)
        return found

    def count_ended(  # noqa: D102
        self, since: float, until: float, parts: int, most: int, *, failed: bool = False
    ) -> list[int]:
        part = f"SELECT count(*) FROM (SELECT 1 {_FAILED if failed else _ENDED} LIMIT ?)"
        text, parameters = _of_each(part, [(*edges, most) for edges in equal_parts(since, until, parts)])
        with self._read() as reading:
            return [n for (n,) in reading.rows(text, parameters)]

    def list_failed(self, since: float, until: float, limit: int) -> list[Failed]:  # noqa: D102
        text = (
            f"SELECT ended_at, task_id, invocation_id, error_type, fingerprint {_FAILED} "
            "ORDER BY ended_at DESC LIMIT ?"
        )
        with self._read() as reading:
            return [Failed(*row) for row in reading.rows(text, (since, until, limit))]

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


class _Reading:
    """Statements on one connection, in which ``{t}`` is filled."""

    def __init__(self, connection: sqlite3.Connection, store: SQLiteStore) -> None:
        self._connection = connection
        self._sql = store.sql

    def rows(self, text: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._sql(text), parameters).fetchall()

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
        wanted = list(dict.fromkeys(ids))
        found: list[tuple[Any, ...]] = []
        more = f" AND ({where.text})" if where else ""
        parameters = where.parameters if where else ()
        for at in range(0, len(wanted), CHUNK):
            chunk = wanted[at : at + CHUNK]
            text = f"SELECT {columns} FROM {table}_{{t}} WHERE {key} IN ({codec.marks(len(chunk))}){more}"
            found += self.rows(text, (*chunk, *parameters))
        return found

    def are_few(self, statuses: Collection[InvocationStatus], limit: int) -> bool:
        """Whether at most so many invocations rest in these statuses."""
        text = f"SELECT total(n) FROM counts_of_all_{{t}} WHERE status IN ({codec.marks(len(statuses))})"
        return bool(self.value(text, [status.value for status in statuses]) <= limit)


def _finished(rows: Sequence[tuple[Any, ...]]) -> list[Finished]:
    if not rows:
        return []
    # There are thousands of them: column by column, and as tuples of their class, it takes a fifth of the time.
    ended_at, statuses, *others = zip(*rows, strict=True)
    statuses = tuple(map(codec.BY_TEXT.__getitem__, statuses))
    return list(map(partial(tuple.__new__, Finished), zip(ended_at, statuses, *others, strict=True)))


def _of_each(part: str, parameters: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """One statement that asks the same of each part of a window."""
    return " UNION ALL ".join([part] * len(parameters)), [value for each in parameters for value in each]


def _position(cursor: str) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise ValueError(f"{cursor!r} is no position in a list of invocations")
    return int(cursor)


def _source(reading: _Reading, query: RecordQuery) -> _Source:
    """The index that leads to the fewest records in vain."""
    statuses, by_task = query.statuses, query.task_id is not None
    #: Whether the index says nothing of what else has to hold.
    is_open = by_task or query.where is not None
    if query.rerun_of is not None:
        exact = not (is_open or statuses or query.workflows or query.root_id)
        return _Source("inv_reruns", "rerun_of = ?", (query.rerun_of,), exact)
    if query.root_id is not None:
        exact = not (is_open or statuses or query.workflows)
        itself = "invocation_id = ? AND root_id IS NULL", (query.root_id,)
        return _Source("inv_root", "root_id = ?", (query.root_id,), exact, others=itself)
    if statuses and statuses != _PAUSED and not statuses & FINAL:
        group = next(one for one in _FEW_ONES if statuses <= one)
        if reading.are_few(group, query.search_limit):
            return _Source("", f"n IN ({_FEW_ONES[group]})", (), exact=True)
    if query.workflows:
        return _Source("inv_workflows", "workflow_id = invocation_id", (), not (is_open or statuses))
    if statuses and statuses <= _UNSUCCESSFUL:
        return _Source("inv_unsuccessful", _IS_UNSUCCESSFUL, (), statuses == _UNSUCCESSFUL and not is_open)
    if statuses and statuses <= _PAUSED:
        return _Source("inv_paused", "status = 'paused'", (), not is_open)
    if by_task:
        exact = not statuses and query.where is None
        others = codec.CALLED_SINCE, (query.task_id,)
        return _Source("", codec.CALLED, (query.task_id,), exact, others)
    return _Source("", "", (), not statuses and query.where is None)


def _stop(reading: _Reading, query: RecordQuery, source: _Source, begin: int) -> int | None:
    """The position after which the search is cut off; None when it ends before."""
    if not source.condition:
        # The primary key itself: what was deleted leaves gaps, so that no more than that is looked at.
        if query.oldest_first:
            stop = begin + query.search_limit
            return stop if stop < (reading.value("SELECT max(n) FROM inv_{t}") or 0) else None
        stop = min(begin, (reading.value("SELECT max(n) FROM inv_{t}") or 0) + 1) - query.search_limit
        return stop if stop > 1 else None
    behind, order = (">", "ASC") if query.oldest_first else ("<", "DESC")
    text = (
        f"SELECT n FROM {source.positions} WHERE {source.condition} AND n {behind} ? "
        f"ORDER BY n {order} LIMIT 1 OFFSET ?"
    )
    stop = reading.value(text, (*source.parameters, begin, query.search_limit - 1))
    return None if stop is None else int(stop)


def _select(query: RecordQuery, source: _Source, begin: int, stop: int | None) -> tuple[str, list[Any]]:
    """Records behind ``begin`` up to ``stop``, with their positions; one more than the page holds."""
    sources = [source] if source.others is None else [source, _Source("", *source.others)]
    selects, parameters = [], []
    for each in sources:
        conditions, values = _conditions(query, each, begin, stop)
        where = " AND ".join(conditions)
        selects.append(f"SELECT n, {codec.SLIM_RECORD} FROM {each.records} WHERE {where}")
        parameters += values
    order = "ASC" if query.oldest_first else "DESC"
    return f"{' UNION ALL '.join(selects)} ORDER BY n {order} LIMIT ?", [*parameters, query.limit + 1]


def _conditions(
    query: RecordQuery, source: _Source, begin: int, stop: int | None
) -> tuple[list[str], list[Any]]:
    behind, until = (">", "<=") if query.oldest_first else ("<", ">=")
    conditions, parameters = [f"n {behind} ?"], [begin, *source.parameters]
    if source.condition:
        conditions.append(source.condition)
    if stop is not None:
        conditions.append(f"n {until} ?")
        parameters.append(stop)
    if query.task_id is not None and source.condition not in (codec.CALLED, codec.CALLED_SINCE):
        conditions.append("task_id = ?")
        parameters.append(query.task_id)
    if query.statuses is not None:
        conditions.append(f"status IN ({codec.marks(len(query.statuses))})")
        parameters += sorted(status.value for status in query.statuses)
    if query.root_id is not None and source.indexed_by == "inv_reruns":
        conditions.append("coalesce(root_id, invocation_id) = ?")
        parameters.append(query.root_id)
    if query.workflows and source.indexed_by != "inv_workflows":
        conditions.append("workflow_id = invocation_id")
    if query.where is not None:
        where = sql_of(query.where)
        conditions.append(f"({where.text})")
        parameters += where.parameters
    return conditions, parameters
