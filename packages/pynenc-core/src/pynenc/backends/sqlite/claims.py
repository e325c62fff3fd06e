"""One claim: which invocations a worker is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from pynenc.backends.sqlite import codec, waits
from pynenc.backends.sqlite.codec import SAME, marks
from pynenc.backends.sqlite.session import CHUNK, DELAYED, PARKED, READY, Session
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Claim, ClaimRequest
from pynenc.values.status import InvocationStatus

_S = InvocationStatus
#: Delayed rows that fell due and are made ready in one claim, at most.
_DUE_BATCH = 500


class Candidate(NamedTuple):
    """What a claim reads of a row, and what a worker needs of it."""

    n: int
    invocation_id: InvocationId
    task_id: str
    status: str
    epoch: int
    dependents: int
    priority: int
    retries: int
    recoveries: int
    cc_key: str | None
    args_id: str
    arguments: str | None
    parent_id: InvocationId | None
    root_id: InvocationId | None
    depth: int
    workflow_id: InvocationId | None
    workflow_type: str | None
    created_at: float
    outcome: str | None


_COLUMNS = ", ".join(Candidate._fields)
#: A claimed row as it was, and its status and epoch since.
Taken = tuple[Candidate, InvocationStatus, int]


def to_claims(taken: Iterable[Taken], token: str) -> tuple[Claim, ...]:
    """What a worker is told; after the transaction, which others wait for."""
    return tuple(
        Claim(
            invocation_id=row.invocation_id,
            task_id=row.task_id,
            args_id=row.args_id,
            token=token,
            epoch=epoch,
            status=status,
            arguments=row.arguments,
            parent_id=row.parent_id,
            root_id=row.root_id or row.invocation_id,
            depth=row.depth,
            workflow_id=row.workflow_id,
            workflow_type=row.workflow_type,
            retries=row.retries,
            recoveries=row.recoveries,
            created_at=row.created_at,
            last_error=row.outcome,
        )
        for row, status, epoch in taken
    )


def claim(session: Session, request: ClaimRequest) -> tuple[list[Taken], float | None]:
    """Give a worker what it asks for, or say in how many seconds the next of the delayed falls due."""
    if request.limit < 1:
        return [], None
    session.flush()
    if request.repeated and (before := _taken_before(session, request)):
        return before, None
    due = due_in(session) if request.ids is None else None
    if due == 0:
        promote_due(session)
        due = due_in(session)
    for page in _pages(session, request):
        taken = _pick(session, request, page)
        if taken:
            _give(session, request, taken)
            return taken, None
    return [], due


def due_in(session: Session) -> float | None:
    """Seconds until the next of the delayed falls due, 0 when it has; None when there is none."""
    select = f"SELECT min(available_at) FROM inv_{{t}} WHERE queued = {DELAYED}"
    due = session.execute(select).fetchone()[0]
    return None if due is None else max(0.0, due - session.now)


def _pick(session: Session, request: ClaimRequest, page: Iterable[Candidate]) -> list[Taken]:
    """What to give of these; what a concurrency limit refuses leaves the queue."""
    taken: list[Taken] = []
    starts_in = 0.0
    for row in page:
        if taken:
            if row.cc_key is not None or row.recoveries or row.task_id not in request.ahead:
                break
        elif row.cc_key is not None and not _admits(session, row):
            _turn_away(session, row, request)
            continue
        start = not taken or starts_in <= request.start_seconds
        taken.append((row, _S.RUNNING if start else _S.PENDING, row.epoch + 1))
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
    return [(row, codec.BY_TEXT[row.status], row.epoch) for row in map(Candidate._make, found)]


def may_find(session: Session, request: ClaimRequest) -> tuple[bool, float | None]:
    """Whether something in the queue could be claimed now, and when the next falls due; looking only."""
    conditions, parameters = filter_of(request)
    is_ready, due_at = session.execute(
        f"SELECT EXISTS (SELECT 1 FROM inv_{{t}} WHERE queued = {READY}{conditions}), "
        f"(SELECT min(available_at) FROM inv_{{t}} WHERE queued = {DELAYED})",
        parameters,
    ).fetchone()
    due = None if due_at is None else max(0.0, due_at - session.now)
    return bool(is_ready) or due == 0, due


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


def _pages(session: Session, request: ClaimRequest) -> Iterator[list[Candidate]]:
    """Claimable rows in order. Whoever takes nothing of a page has turned all of it away."""
    if request.ids is not None:
        yield _named(session, request)
        return
    conditions, parameters = filter_of(request)
    text = (
        f"SELECT {_COLUMNS} FROM inv_{{t}} WHERE queued = {READY}{conditions} "
        "ORDER BY dependents DESC, priority DESC, n LIMIT ?"
    )
    while page := session.execute(text, (*parameters, request.limit)).fetchall():
        yield [*map(Candidate._make, page)]
        session.flush()


def _named(session: Session, request: ClaimRequest) -> list[Candidate]:
    assert request.ids is not None
    conditions, parameters = filter_of(request)
    ids = waits.chain(session, request.ids) if request.chain else list(dict.fromkeys(request.ids))
    found: list[Candidate] = []
    for at in range(0, len(ids), CHUNK):
        chunk = ids[at : at + CHUNK]
        rows = session.execute(
            f"{codec.by_ids(_COLUMNS, len(chunk))} AND (queued = {READY} OR (queued = {DELAYED} "
            f"AND available_at <= ?)){conditions}",
            (*chunk, session.now, *parameters),
        )
        found += map(Candidate._make, rows)
    return sorted(found, key=lambda row: (-row.dependents, -row.priority, row.n))


def filter_of(request: ClaimRequest) -> tuple[str, list[str]]:
    """Conditions upon a claimable row, and their parameters."""
    conditions, parameters = "", []
    if request.exclude_tasks:
        conditions += f" AND task_id NOT IN ({marks(len(request.exclude_tasks))})"
        parameters += sorted(request.exclude_tasks)
    if not request.recovered:
        conditions += " AND recoveries = 0"
    return conditions, parameters


def _admits(session: Session, candidate: Candidate) -> bool:
    """Whether a place of its key is free, and nobody submitted earlier is in line."""
    row = session.get(candidate.invocation_id)
    assert row is not None
    assert row.cc_key is not None
    if session.places_taken(row.cc_key) >= row.cc_limit:
        return False
    earlier = session.execute(
        f"SELECT 1 FROM inv_{{t}} WHERE cc_key = ? AND queued = {PARKED} AND n < ? LIMIT 1",
        (row.cc_key, row.n),
    )
    return earlier.fetchone() is None


def _turn_away(session: Session, candidate: Candidate, request: ClaimRequest) -> None:
    row = session.get(candidate.invocation_id)
    assert row is not None
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


def _give(session: Session, request: ClaimRequest, taken: Sequence[Taken]) -> None:
    """Write who owns them: one statement for all that change alike."""
    alike: dict[tuple[InvocationStatus, bool], list[int]] = {}
    for row, status, _ in taken:
        before = codec.BY_TEXT[row.status]
        alike.setdefault((status, before is _S.PAUSED), []).append(row.n)
        session.count(row.task_id, before, -1)
        session.count(row.task_id, status, 1)
        session.forget(row.invocation_id)
    now, runner = session.now, request.runner
    for (status, paused), numbers in alike.items():
        entered = [_S.RESUMED] * paused + [_S.PENDING]
        entries = [codec.to_entry(one, now, runner.runner_id) for one in entered]
        if status is _S.RUNNING:
            entries.append(codec.to_entry(status, now, SAME))
        session.execute(
            "UPDATE inv_{t} SET status = ?, seq = seq + ?, status_at = ?, queued = 0, epoch = epoch + 1, token = ?, "
            "runner_id = ?, host = ?, runner_cls = ?, pending_at = ?, started_at = coalesce(?, started_at), "
            f"history = history || ? WHERE n IN ({marks(len(numbers))})",
            (
                codec.TEXT[status],
                len(entries),
                now,
                request.token,
                runner.runner_id,
                runner.host,
                runner.runner_cls,
                now,
                now if status is _S.RUNNING else None,
                "".join(entries),
                *numbers,
            ),
        )
