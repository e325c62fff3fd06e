"""Who waits for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pynenc.backends.sqlite.codec import Row, marks
from pynenc.backends.sqlite.session import CHUNK, READY, Session
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move, MoveAnswer, MoveResult
from pynenc.values.wait_graph import find_cycle

#: How far the weight of a new wait is passed on.
_MAX_HOPS = 32
_READY = MoveAnswer(MoveResult.READY)


def refuse(session: Session, waiter: Row, move: Move) -> MoveAnswer | None:
    """Why a pause is not entered; None when it is."""
    session.forget_waits()
    awaited = dict.fromkeys(move.waits_on)
    session.load(awaited)
    rows = [(i, session.loaded(i)) for i in awaited]
    missing = tuple(i for i, row in rows if row is None)
    if missing:
        return MoveAnswer(MoveResult.MISSING, missing)
    pending = {i for i, row in rows if row is not None and row.ended_at is None}
    if sum(i not in pending for i in move.waits_on) >= move.enough:
        return _READY
    cycle = _find_cycle(session, waiter, pending)
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
    _pass_weight_on(session, awaited, 1 + waiter.dependents)


def remove(session: Session, waiter: Row) -> None:
    """End the waits of an invocation, and take back the weight that it gave to what is not final."""
    session.forget_waits()
    found = session.execute(
        "SELECT waited FROM waits_{t} WHERE waiter = ?", (waiter.invocation_id,)
    ).fetchall()
    if found:
        _pass_weight_on(session, [InvocationId(row[0]) for row in found], -1 - waiter.dependents)
        session.execute("DELETE FROM waits_{t} WHERE waiter = ?", (waiter.invocation_id,))


def _pass_weight_on(session: Session, awaited: Iterable[InvocationId], weight: int) -> None:
    reached = _reach(session, awaited, _MAX_HOPS)
    session.load(reached)  # before the update: what is loaded is changed here as well
    session.connection.executemany(
        session.sql("UPDATE inv_{t} SET dependents = max(0, dependents + ?) WHERE invocation_id = ?"),
        [(weight, one) for one in reached],
    )
    for one in reached:
        row = session.get(one)
        if row is not None:
            row.dependents = max(0, row.dependents + weight)


def chain(session: Session, ids: Iterable[InvocationId]) -> list[InvocationId]:
    """The ids, and everything they wait for, however deep."""
    session.forget_waits()
    return _reach(session, ids, None)


def _reach(session: Session, ids: Iterable[InvocationId], hops: int | None) -> list[InvocationId]:
    reached = dict.fromkeys(ids)
    level = list(reached)
    # The awaited themselves are the first hop.
    while level and (hops is None or (hops := hops - 1) > 0):
        following = dict.fromkeys(waited for _, waited in _waits_of(session, level))
        level = [i for i in following if i not in reached]
        reached.update(dict.fromkeys(level))
    return list(reached)


def _waits_of(session: Session, waiters: Iterable[InvocationId]) -> list[tuple[InvocationId, InvocationId]]:
    """Pairs of a waiter and what it waits for."""
    asked = [i for i in waiters if _may_wait(session.loaded(i))]
    found: list[tuple[InvocationId, InvocationId]] = []
    for at in range(0, len(asked), CHUNK):
        chunk = asked[at : at + CHUNK]
        found += session.execute(
            f"SELECT waiter, waited FROM waits_{{t}} WHERE waiter IN ({marks(len(chunk))})", chunk
        )
    return found


def _may_wait(row: Row | None) -> bool:
    """What is known to be claimable or final does not, which spares the look-up."""
    return row is None or (row.queued != READY and row.ended_at is None)


def _find_cycle(session: Session, waiter: Row, awaited: Collection[InvocationId]) -> tuple[InvocationId, ...]:
    """The way from the waiter back to itself that a wait for ``awaited`` would close, or nothing."""
    end = waiter.invocation_id
    if end not in awaited and waiter.cc_key is None and not _is_awaited(session, end):
        return ()  # nobody can be stuck because of it

    def waits_of(invocation_id: InvocationId) -> list[InvocationId]:
        return [waited for _, waited in _waits_of(session, [invocation_id])]

    def holders_before(invocation_id: InvocationId) -> list[InvocationId]:
        row = session.get(invocation_id)
        stuck = row is not None and row.token is None and row.ended_at is None and (row.cc_park or row.epoch)
        if row is None or row.cc_key is None or not stuck:
            return []
        found = session.execute(
            "SELECT invocation_id FROM inv_{t} WHERE cc_key = ? AND token IS NOT NULL AND cc_key IS NOT NULL",
            (row.cc_key,),
        ).fetchall()
        return [InvocationId(one[0]) for one in found] if len(found) >= row.cc_limit else []

    return find_cycle(end, awaited, waits_of, holders_before)


def _is_awaited(session: Session, invocation_id: InvocationId) -> bool:
    found = session.execute("SELECT 1 FROM waits_{t} WHERE waited = ? LIMIT 1", (invocation_id,))
    return found.fetchone() is not None
