"""Who waits for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pynenc.backends.sqlite.codec import Row
from pynenc.backends.sqlite.session import READY, Session
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move, MoveAnswer, MoveResult

#: How far the weight of a new wait is passed on.
_MAX_HOPS = 32
_READY = MoveAnswer(MoveResult.READY)


def refuse(session: Session, move: Move) -> MoveAnswer | None:
    """Why a pause is not entered; None when it is."""
    awaited = tuple(dict.fromkeys(move.waits_on))
    session.load(awaited)
    rows = {i: session.get(i) for i in awaited}
    missing = tuple(i for i, row in rows.items() if row is None)
    if missing:
        return MoveAnswer(MoveResult.MISSING, missing)
    pending = [i for i, row in rows.items() if row is not None and row.ended_at is None]
    if len(move.waits_on) - sum(i in pending for i in move.waits_on) >= move.enough:
        return _READY
    cycle = _find_cycle(session, move.invocation_id, pending)
    return MoveAnswer(MoveResult.CYCLE, cycle) if cycle else None


def add(session: Session, waiter: Row, waits_on: Sequence[InvocationId]) -> None:
    """Note the waits of an invocation, and pass its weight on to whatever it now depends on."""
    awaited = []
    for invocation_id in dict.fromkeys(waits_on):
        row = session.get(invocation_id)
        if row is not None and row.ended_at is None:
            awaited.append(invocation_id)
    session.connection.executemany(
        session.sql("INSERT OR IGNORE INTO waits_{t} VALUES (?, ?)"),
        [(waiter.invocation_id, one) for one in awaited],
    )
    reached = _reach(session, awaited, _MAX_HOPS)
    weight = 1 + waiter.dependents
    session.connection.executemany(
        session.sql("UPDATE inv_{t} SET dependents = dependents + ? WHERE invocation_id = ?"),
        [(weight, one) for one in reached],
    )
    for one in reached:
        row = session.get(one)
        if row is not None:
            row.dependents += weight


def remove(session: Session, waiter: InvocationId) -> None:
    """Forget what an invocation waited for."""
    session.execute("DELETE FROM waits_{t} WHERE waiter = ?", (waiter,))


def chain(session: Session, ids: Iterable[InvocationId]) -> list[InvocationId]:
    """The ids, and everything they wait for, however deep."""
    return _reach(session, ids, None)


def _waited_by(session: Session, waiter: InvocationId) -> list[InvocationId]:
    found = session.execute("SELECT waited FROM waits_{t} WHERE waiter = ?", (waiter,))
    return [InvocationId(row[0]) for row in found.fetchall()]


def _reach(session: Session, ids: Iterable[InvocationId], hops: int | None) -> list[InvocationId]:
    reached = dict.fromkeys(ids)
    level = [i for i in reached if _waits(session, i)]
    # The awaited themselves are the first hop.
    while level and (hops is None or (hops := hops - 1) > 0):
        following = [awaited for waiter in level for awaited in _waited_by(session, waiter)]
        level = [i for i in dict.fromkeys(following) if i not in reached]
        reached.update(dict.fromkeys(level))
    return list(reached)


def _waits(session: Session, invocation_id: InvocationId) -> bool:
    """Whether it may wait for something: what is claimable or unclaimed does not, which spares the look-up."""
    row = session.get(invocation_id)
    return row is None or row.queued != READY


def _find_cycle(
    session: Session, waiter: InvocationId, awaited: Iterable[InvocationId]
) -> tuple[InvocationId, ...]:
    """The way from the waiter back to itself that a wait for ``awaited`` would close, or nothing."""
    came_from: dict[InvocationId, InvocationId] = dict.fromkeys(awaited, waiter)
    pending = [i for i in came_from if i == waiter or _waits(session, i)]
    while pending:
        current = pending.pop()
        if current == waiter:
            return _path(came_from, waiter)
        for following in _waited_by(session, current):
            if following not in came_from:
                came_from[following] = current
                pending.append(following)
    return ()


def _path(came_from: dict[InvocationId, InvocationId], waiter: InvocationId) -> tuple[InvocationId, ...]:
    path = [waiter, came_from[waiter]]
    while path[-1] != waiter:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))
