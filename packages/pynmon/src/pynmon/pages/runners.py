"""Who works, who is silent, and what is in their hands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pynenc.values.runners import SWEEPER_LEASE, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.actions import why_no_drain
from pynmon.health import RunnerState
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.slots import slots_of

router = APIRouter()
#: More runners, and more invocations in hand, are not looked at.
_LIMIT = 500


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """One line of the table."""

    runner: RunnerRecord
    state: RunnerState
    #: 0 for a runner or supervisor, 1 for a worker below it.
    depth: int
    #: Invocations that it owns now.
    owned: int
    #: Seconds between heartbeats, as they came; None of one beat.
    interval: float | None


@router.get("/runners", name="runners")
def runners(request: Request, source: SourceOf, views: ViewsOf) -> HTMLResponse:
    """All that live, and the latest of those that do not."""
    found = source.runners(_LIMIT)
    owned = source.owned(_LIMIT)
    now = source.now()
    counts = Counter(one.runner_id for one in owned)
    rows = [_row(source, one, counts[one.identity.runner_id], now) for one in found]
    hosts: dict[str, list[RunnerRow]] = {}
    for row in _below_their_parents(rows):
        hosts.setdefault(row.runner.identity.host, []).append(row)
    working = sum(by_status.get(InvocationStatus.RUNNING, 0) for by_status in source.counts().values())
    living = [row.runner for row in rows if row.state is RunnerState.ALIVE]
    return views.page(
        request,
        "runners.html",
        now=now,
        lease=source.store.find_lease(SWEEPER_LEASE),
        slots=slots_of(living, working, owned),
        hosts=hosts,
        states={state: sum(row.state is state for row in rows) for state in RunnerState},
        rhythm=source.rhythm,
        is_cut=len(found) == _LIMIT,
        limit=_LIMIT,
    )


@router.get("/runners/leader", name="leader")
def leader(request: Request) -> RedirectResponse:
    """Where it is told which runner puts right what dead ones left behind."""
    return RedirectResponse(f"{request.url_for('runners').path}#leader", 301)


@router.get("/runners/{runner_id}", name="runner")
def runner(request: Request, source: SourceOf, views: ViewsOf, runner_id: str) -> HTMLResponse:
    """One runner or worker, also after its end."""
    found = source.store.get_runners([runner_id]).get(runner_id)
    if found is None:
        raise HTTPException(
            404, f"There is no runner {runner_id!r}: it never beat, or its retention is over."
        )
    owned = source.store.list_owned(_LIMIT, runner_id)
    now = source.now()
    row = _row(source, found, len(owned), now)
    finished = [one for one in source.finished(3600.0) if one.runner_id == runner_id][:25]
    workers = source.workers_of(runner_id)
    return views.page(
        request,
        "runner.html",
        now=now,
        row=row,
        may_drain=not why_no_drain(found, row.state),
        owned=owned,
        workers=[_row(source, one, 0, now) for one in workers],
        latest=list(source.store.get_invocations([one.invocation_id for one in finished]).values()),
        rhythm=source.rhythm,
    )


def _row(source: SourceOf, one: RunnerRecord, owned: int, now: float) -> RunnerRow:
    interval = (one.last_beat_at - one.started_at) / (one.beats - 1) if one.beats > 1 else None
    depth = int(one.identity.parent_id is not None)
    return RunnerRow(one, source.rhythm.state_of(one, now), depth, owned, interval)


def _below_their_parents(rows: list[RunnerRow]) -> list[RunnerRow]:
    known = {row.runner.identity.runner_id for row in rows}
    below: dict[str | None, list[RunnerRow]] = {}
    for row in rows:
        parent = row.runner.identity.parent_id
        below.setdefault(parent if parent in known else None, []).append(row)
    ordered = []
    for row in below.get(None, []):
        ordered += [row, *below.get(row.runner.identity.runner_id, [])]
    return ordered
