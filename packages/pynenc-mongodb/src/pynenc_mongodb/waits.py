"""Who waits for whom.

A waiter's document names what it waits for. Such a wait is open for as long as the awaited is not final, so that
the one write that makes an invocation final, or lets a waiter go on, ends waits as well: nothing is left to remove.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move, MoveAnswer, MoveResult
from pynenc.values.status import InvocationStatus
from pynenc.values.wait_graph import find_cycle
from pynenc_mongodb import slots
from pynenc_mongodb.session import Row, Session

#: How far the weight of a new wait is passed on.
_MAX_HOPS = 32
_READY = MoveAnswer(MoveResult.READY)
#: So long one waits for another one to give up a wait that closed a cycle together with its own.
_YIELD_SECONDS = 0.1


def refuse(session: Session, waiter: Row, move: Move) -> MoveAnswer | None:
    """Why a pause is not entered; None when it is."""
    rows = {one: session.get(one) for one in dict.fromkeys(move.waits_on)}
    missing = tuple(one for one, row in rows.items() if row is None)
    if missing:
        return MoveAnswer(MoveResult.MISSING, missing)
    pending = {one for one, row in rows.items() if row is not None and not row.is_final}
    if sum(one not in pending for one in move.waits_on) >= move.enough:
        return _READY
    # Nobody can be stuck because of one whom nobody waits for. What is wrong here is found by ``cycle_of``.
    if waiter.invocation_id in pending or waiter.get("dependents") or waiter.get("cc_key"):
        cycle = _find_cycle(session, waiter.invocation_id, pending)
        if cycle:
            return MoveAnswer(MoveResult.CYCLE, cycle)
    return None


def add(session: Session, waiter: Row, waits_on: Sequence[InvocationId]) -> None:
    """Note the waits of an invocation, and pass its weight on to whatever it now depends on."""
    awaited = [row.invocation_id for row in session.open_rows(waits_on)]
    waiter.put("waits", awaited)
    _pass_weight_on(session, waiter, awaited, 1)


def remove(session: Session, waiter: Row) -> None:
    """End the waits of an invocation, and take back the weight that it gave to what is not final."""
    awaited = waiter.get("waits")
    if awaited:
        waiter.put("waits", None)
        _pass_weight_on(session, waiter, awaited, -1)


def reach(session: Session, ids: Iterable[InvocationId], hops: int | None) -> list[Row]:
    """Open ones of these, and what they wait for: so many steps deep, these being the first one."""
    reached: dict[InvocationId, Row] = {}
    level = session.open_rows(ids)
    while level and (hops is None or hops > 0):
        reached.update((row.invocation_id, row) for row in level)
        following = dict.fromkeys(one for row in level for one in row.get("waits", ()))
        level = session.open_rows(one for one in following if one not in reached)
        hops = None if hops is None else hops - 1
    return list(reached.values())


def _pass_weight_on(session: Session, waiter: Row, awaited: Sequence[InvocationId], sign: int) -> None:
    weight = sign * (1 + waiter.get("dependents", 0))
    rows = reach(session, awaited, _MAX_HOPS)
    for row in rows:
        row.document["dependents"] = max(0, row.get("dependents", 0) + weight)
    if rows:
        waiter.weights.append(([row.invocation_id for row in rows], weight))


def _find_cycle(
    session: Session, waiter: InvocationId, awaited: Collection[InvocationId]
) -> tuple[InvocationId, ...]:
    reach(session, awaited, None)  # level by level, rather than one by one

    def waits_of(invocation_id: InvocationId) -> list[InvocationId]:
        row = session.get(invocation_id)
        return (
            [one.invocation_id for one in session.open_rows(row.get("waits", ()))] if row is not None else []
        )

    def holders_before(invocation_id: InvocationId) -> Collection[InvocationId]:
        row = session.get(invocation_id)
        if row is None or row.is_final or not row.get("cc_key") or row.get("token"):
            return ()
        if not (row.get("cc_park") or row.get("epoch")):
            return ()
        holders = slots.holders_of(session.store, row.get("cc_key"))
        return holders if len(holders) >= row.get("cc_limit", 0) else ()

    return find_cycle(waiter, awaited, waits_of, holders_before)


def cycle_of(
    session: Session, waiter: InvocationId, waits_on: Sequence[InvocationId]
) -> tuple[InvocationId, ...]:
    """The cycle that the wait of a paused invocation has closed together with waits that were written meanwhile.

    Of those that close one together the last one sees it for sure, because it looks after its write. Whoever is the
    last by time gives way at once; the others look again, each one a little later, in case that one is gone.
    """
    patience: int | None = None
    while True:
        session.load([waiter, *waits_on], anew=True)
        row = session.get(waiter)
        if row is None or row.status is not InvocationStatus.PAUSED or not row.get("waits"):
            return ()
        awaited = session.open_rows(row.get("waits"))
        if not any(one.get("waits") or one.get("cc_key") for one in awaited):
            return ()
        fresh = Session(session.store, session.watched)
        cycle = _find_cycle(fresh, waiter, [one.invocation_id for one in awaited])
        if not cycle:
            return ()
        if patience is None:
            patience = _later_than(fresh, row, cycle)
        if patience == 0:
            return cycle
        patience -= 1
        threading.Event().wait(_YIELD_SECONDS)


def _later_than(session: Session, row: Row, cycle: Sequence[InvocationId]) -> int:
    """How many in a cycle entered their wait after this one."""
    others = [session.get(one) for one, _ in pairwise(cycle)]
    mine = row.get("status_at"), row.invocation_id
    return sum(one is not None and (one.get("status_at"), one.invocation_id) > mine for one in others)
