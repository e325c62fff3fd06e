"""One claim: which invocations a worker is given."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from pynenc.backends.mem.lazy_heap import drop
from pynenc.backends.mem.queue import Wanted
from pynenc.backends.mem.record import MemRecord
from pynenc.backends.mem.tables import Tables
from pynenc.values.operations import Claim, ClaimRequest
from pynenc.values.status import InvocationStatus

_S = InvocationStatus
#: Farther than any chain of waits.
_HOWEVER_DEEP = 2**62


def claim(tables: Tables, request: ClaimRequest, now: float) -> tuple[Claim, ...]:
    """Give a worker what it asks for."""
    if request.limit < 1:
        return ()
    if request.repeated and (taken := _taken_before(tables, request)):
        return taken
    if request.ids is None:
        tables.promote_due(now)
    claims: list[Claim] = []
    starts_in = 0.0
    for record in _candidates(tables, request, now):
        if claims:
            if not _may_be_claimed_ahead(record, request):
                break
        elif record.call.cc_key is not None and not tables.slots.admits(record):
            _note_resumed(record, request, now)
            _turn_away(tables, record, request, now)
            continue
        _give(tables, record, request, now, start=not claims or starts_in <= request.start_seconds)
        claims.append(record.to_claim(request.token))
        if len(claims) == request.limit or record.recoveries:
            break
        starts_in += request.ahead.get(record.call.task_id, inf)
        if starts_in > request.ahead_seconds:
            break
    return tuple(claims)


def _taken_before(tables: Tables, request: ClaimRequest) -> tuple[Claim, ...]:
    owned = tables.owned.get(request.runner.runner_id, {})
    return tuple(record.to_claim(request.token) for record in owned.values() if record.token == request.token)


def _candidates(tables: Tables, request: ClaimRequest, now: float) -> Iterator[MemRecord]:
    wanted = _filter_of(request)
    if request.ids is None:
        yield from tables.queue.ready(wanted)
        return
    ids = tables.waits.reach(request.ids, _HOWEVER_DEEP) if request.chain else dict.fromkeys(request.ids)
    found = []
    for invocation_id in ids:
        record = tables.records.get(invocation_id)
        if (
            record is not None
            and tables.queue.is_claimable(record, now)
            and (wanted is None or wanted(record.call.task_id, record.recoveries > 0))
        ):
            found.append(record)
    found.sort(key=MemRecord.rank)
    yield from found


def _filter_of(request: ClaimRequest) -> Wanted | None:
    excluded, recovered = request.exclude_tasks, request.recovered
    if not excluded and recovered:
        return None

    def wanted(task_id: str, was_recovered: bool) -> bool:
        return (recovered or not was_recovered) and task_id not in excluded

    return wanted


def _may_be_claimed_ahead(record: MemRecord, request: ClaimRequest) -> bool:
    return record.call.task_id in request.ahead and record.call.cc_key is None and not record.recoveries


def _note_resumed(record: MemRecord, request: ClaimRequest, now: float) -> None:
    if record.status is _S.PAUSED:
        record.enter(_S.RESUMED, now, request.runner.runner_id)


def _turn_away(tables: Tables, record: MemRecord, request: ClaimRequest, now: float) -> None:
    drop(record)
    runner_id = request.runner.runner_id
    if record.call.cc_park or record.epoch:
        record.enter(_S.CONCURRENCY_CONTROLLED, now, runner_id)
        tables.slots.park(record)
    else:
        record.enter(_S.CONCURRENCY_CONTROLLED_FINAL, now, runner_id)
        tables.end(record, None, now)


def _give(tables: Tables, record: MemRecord, request: ClaimRequest, now: float, *, start: bool) -> None:
    _note_resumed(record, request, now)
    tables.take(record, request.runner, request.token, now)
    record.enter(_S.PENDING, now, request.runner.runner_id)
    if start:
        record.enter(_S.RUNNING, now, request.runner.runner_id)
        record.started_at = now
