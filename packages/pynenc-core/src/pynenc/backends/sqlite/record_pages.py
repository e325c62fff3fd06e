"""One page of a list of records: which index leads to it, and how far it is followed."""

from __future__ import annotations

from typing import Any, NamedTuple

from pynenc.backends.sqlite import codec
from pynenc.backends.sqlite.figures import columns_of, to_figures
from pynenc.backends.sqlite.reading import Reading
from pynenc.backends.sqlite.record_filter import sql_of
from pynenc.backends.sqlite.session import DELAYED, PARKED, READY
from pynenc.values.monitor import RecordPage, RecordQuery, Registered
from pynenc.values.status import FINAL, OWNED, InvocationStatus

_S = InvocationStatus
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


def read_page(reading: Reading, query: RecordQuery) -> RecordPage:
    """The records that a query asks for, without their payloads."""
    start = _position(query.cursor)
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


def find_cursor(reading: Reading, before: float) -> str:
    """From where the newest that was registered before an instant is next; empty when nothing was since then."""
    found = reading.value(_FIRST_SINCE, (before, before))
    return "" if found is None else str(found)


def read_registered(reading: Reading, since: float, limit: int) -> list[Registered]:
    """What was registered since an instant, the last one first."""
    text = (
        f"SELECT {columns_of(Registered)} FROM inv_{{t}} WHERE n >= ({_FIRST_SINCE}) ORDER BY n DESC LIMIT ?"
    )
    return to_figures(Registered, reading.parts(text, (since, since, limit)))


def _position(cursor: str) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise ValueError(f"{cursor!r} is no position in a list of invocations")
    return int(cursor)


def _source(reading: Reading, query: RecordQuery) -> _Source:
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


def _stop(reading: Reading, query: RecordQuery, source: _Source, begin: int) -> int | None:
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
