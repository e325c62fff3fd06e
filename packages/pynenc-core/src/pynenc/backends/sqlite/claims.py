"""One claim: which invocations a worker is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf
from typing import Any

from pynenc.backends.sqlite import codec, waits
from pynenc.backends.sqlite.codec import Change, Row, marks
from pynenc.backends.sqlite.session import CHUNK, DELAYED, PARKED, READY, Session
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, ClaimRequest
from pynenc.values.status import InvocationStatus

_S = InvocationStatus
_COLUMNS = f"{codec.HOT}, {codec.CALL}"
_HOT_COLUMNS = codec.HOT.count(",") + 1
#: Delayed rows that fell due and are made ready in one claim, at most.
_DUE_BATCH = 500


#: A claimed row, and its columns of ``CALL``.
Taken = tuple[Row, tuple[Any, ...]]


def to_claims(taken: Iterable[Taken]) -> tuple[Claim, ...]:
    """What a worker is told; after the transaction, which others wait for."""
    return tuple(row.to_claim(call) for row, call in taken)


def claim(session: Session, request: ClaimRequest) -> list[Taken]:
    """Give a worker what it asks for."""
    if request.limit < 1:
        return []
    session.flush()
    if request.repeated and (before := _taken_before(session, request)):
        return before
    if request.ids is None:
        promote_due(session)
    taken: list[Taken] = []
    starts_in = 0.0
    for row, call in _candidates(session, request):
        if taken:
            if row.cc_key is not None or row.recoveries or row.task_id not in request.ahead:
                break
        elif row.cc_key is not None and not _admits(session, row):
            _turn_away(session, row, request)
            continue
        _give(session, row, request, start=not taken or starts_in <= request.start_seconds)
        taken.append((row, call))
        if len(taken) == request.limit or row.recoveries:
            break
        starts_in += request.ahead.get(row.task_id, inf)
        if starts_in > request.ahead_seconds:
            break
    return taken


def _taken_before(session: Session, request: ClaimRequest) -> list[Taken]:
    found = session.execute(
        f"SELECT {_COLUMNS} FROM inv_{{t}} WHERE token IS NOT NULL AND runner_id = ? AND token = ?",
        (request.runner.runner_id, request.token),
    )
    return [(session.adopt(columns), columns[_HOT_COLUMNS:]) for columns in found]


def may_find(session: Session, request: ClaimRequest) -> bool:
    """Whether something in the queue could be claimed now, looking only."""
    conditions, parameters = filter_of(request)
    found = session.execute(
        f"SELECT EXISTS (SELECT 1 FROM inv_{{t}} WHERE queued = {READY}{conditions}) OR EXISTS "
        f"(SELECT 1 FROM inv_{{t}} WHERE queued = {DELAYED} AND available_at <= ?)",
        (*parameters, session.now),
    )
    return bool(found.fetchone()[0])


def may_find_named(session: Session, request: ClaimRequest) -> bool:
    """Whether one of the invocations that a request names could be claimed now, looking only."""
    assert request.ids is not None
    ids = waits.chain(session, request.ids) if request.chain else request.ids
    for at in range(0, len(ids), CHUNK):
        chunk = ids[at : at + CHUNK]
        found = session.execute(
            f"{codec.by_ids('1', len(chunk))} AND (queued = {READY} OR (queued = {DELAYED} AND available_at <= ?)) "
            "LIMIT 1",
            (*chunk, session.now),
        )
        if found.fetchone() is not None:
            return True
    return False


def promote_due(session: Session, limit: int = _DUE_BATCH) -> list[InvocationId]:
    """Make ready what has fallen due, what waited longest first; returns it."""
    due = session.execute(
        f"SELECT n, invocation_id FROM inv_{{t}} WHERE queued = {DELAYED} AND available_at <= ? "
        "ORDER BY available_at LIMIT ?",
        (session.now, limit),
    ).fetchall()
    if due:
        session.connection.executemany(
            session.sql(f"UPDATE inv_{{t}} SET queued = {READY} WHERE n = ?"), [(n,) for n, _ in due]
        )
        for _, invocation_id in due:
            row = session.loaded(invocation_id)
            if row is not None:
                row.queued = READY
        session.new_work += len(due)
        session.available.extend(invocation_id for _, invocation_id in due)
    return [invocation_id for _, invocation_id in due]


def _candidates(session: Session, request: ClaimRequest) -> Iterator[Taken]:
    """Claimable rows in order, read page by page: the caller takes or turns away each that it goes past."""
    if request.ids is not None:
        yield from _named(session, request)
        return
    conditions, parameters = filter_of(request)
    text = session.sql(
        f"SELECT {_COLUMNS} FROM inv_{{t}} WHERE queued = {READY}{conditions} "
        "ORDER BY dependents DESC, priority DESC, n LIMIT ?"
    )
    while True:
        # A page that was used up by refusals is followed by another one; refused rows have left the queue.
        page = session.connection.execute(text, (*parameters, request.limit)).fetchall()
        if not page:
            return
        for columns in page:
            yield session.adopt(columns), columns[_HOT_COLUMNS:]
        session.flush()


def _named(session: Session, request: ClaimRequest) -> Iterator[Taken]:
    assert request.ids is not None
    conditions, parameters = filter_of(request)
    ids = waits.chain(session, request.ids) if request.chain else list(dict.fromkeys(request.ids))
    found: list[tuple[Any, ...]] = []
    for at in range(0, len(ids), CHUNK):
        chunk = ids[at : at + CHUNK]
        found += session.execute(
            f"{codec.by_ids(_COLUMNS, len(chunk))} AND (queued = {READY} OR (queued = {DELAYED} "
            f"AND available_at <= ?)){conditions}",
            (*chunk, session.now, *parameters),
        )
    pairs = [(session.adopt(columns), columns[_HOT_COLUMNS:]) for columns in found]
    pairs.sort(key=lambda pair: (-pair[0].dependents, -pair[0].priority, pair[0].n))
    yield from pairs


def filter_of(request: ClaimRequest) -> tuple[str, list[str]]:
    """Conditions upon a claimable row, and their parameters."""
    conditions, parameters = "", []
    if request.exclude_tasks:
        conditions += f" AND task_id NOT IN ({marks(len(request.exclude_tasks))})"
        parameters += sorted(request.exclude_tasks)
    if not request.recovered:
        conditions += " AND recoveries = 0"
    return conditions, parameters


def _admits(session: Session, row: Row) -> bool:
    """Whether a place of its key is free, and nobody submitted earlier is in line."""
    assert row.cc_key is not None
    if session.places_taken(row.cc_key) >= row.cc_limit:
        return False
    earlier = session.execute(
        f"SELECT 1 FROM inv_{{t}} WHERE cc_key = ? AND queued = {PARKED} AND n < ? LIMIT 1",
        (row.cc_key, row.n),
    )
    return earlier.fetchone() is None


def _turn_away(session: Session, row: Row, request: ClaimRequest) -> None:
    runner_id = request.runner.runner_id
    if row.status is _S.PAUSED:
        row.enter(_S.RESUMED, session.now, runner_id)
    if row.cc_park or row.epoch:
        row.enter(_S.CONCURRENCY_CONTROLLED, session.now, runner_id)
        row.queued = PARKED
    else:
        row.enter(_S.CONCURRENCY_CONTROLLED_FINAL, session.now, runner_id)
        session.end(row)
    session.touch(row)


def _give(session: Session, row: Row, request: ClaimRequest, *, start: bool) -> None:
    now, runner = session.now, request.runner
    if row.status is _S.PAUSED:
        row.enter(_S.RESUMED, now, runner.runner_id)
    row.epoch += 1
    row.token = request.token
    row.runner_id, row.host, row.runner_cls = runner.runner_id, runner.host, runner.runner_cls
    row.queued = 0
    row.pending_at = now
    row.enter(_S.PENDING, now, runner.runner_id)
    if start:
        row.enter(_S.RUNNING, now, "=")
        row.started_at = now
    session.touch(row, Change.CLAIMED)
