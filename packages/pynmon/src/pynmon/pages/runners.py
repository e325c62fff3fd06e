"""Who works, who is silent, and what is in their hands."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pynenc.values.notes import RunnerNotes
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.actions import why_no_drain
from pynmon.charts import usage_of
from pynmon.health import RunnerState
from pynmon.leaders import terms_of
from pynmon.outside import log_url_of_runner
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.runner_rows import LATELY_SECONDS, RunnerRow, below_their_parents, rows_of
from pynmon.slots import slots_of
from pynmon.source import DAY_SECONDS
from pynmon.taken import taken_from
from pynmon.work import runs_of, used_shares

router = APIRouter()
#: More runners, and more invocations in hand, are not looked at.
_LIMIT = 500
#: What one did is told of an hour, in so many parts.
_HOUR, _PARTS = 3600.0, 60
_LATEST, _TERMS = 25, 15
#: Which of those that ended are shown: within a day, or all that are kept.
ENDED = ("lately", "ever")


@router.get("/runners", name="runners")
def runners(
    request: Request, source: SourceOf, views: ViewsOf, state: str = "", ended: str = "lately"
) -> HTMLResponse:
    """All that live, and the latest of those that do not."""
    if state and state not in set(RunnerState):
        raise HTTPException(422, f"Runners are not {state!r}: choose one of {', '.join(RunnerState)}.")
    if ended not in ENDED:
        raise HTTPException(422, f"Runners did not end {ended!r}: choose one of {', '.join(ENDED)}.")
    found = source.runners(_LIMIT)
    owned = source.owned(_LIMIT)
    now = source.now()
    shown = [one for one in found if ended == "ever" or now - _last_sign(one) < DAY_SECONDS]
    rows = rows_of(source, shown, source.finished(LATELY_SECONDS), owned, now)
    chosen = [row for row in rows if not state or row.state == state]
    hosts: dict[str, list[RunnerRow]] = {}
    for row in below_their_parents(chosen):
        hosts.setdefault(row.runner.identity.host, []).append(row)
    working = sum(by_status.get(InvocationStatus.RUNNING, 0) for by_status in source.counts().values())
    living = [row.runner for row in rows if row.state in (RunnerState.STARTING, RunnerState.ALIVE)]
    lease, _ = source.lease()
    by_id = {str(one.identity.runner_id): one for one in found}
    return views.page(
        request,
        "runners.html",
        now=now,
        lease=lease,
        terms=terms_of(source.notes(), by_id, lease, now)[:_TERMS],
        slots=slots_of(living, working, owned),
        hosts=hosts,
        state=state,
        ended=ended,
        hidden=len(found) - len(shown),
        states={one: sum(row.state is one for row in rows) for one in RunnerState},
        rhythm=source.rhythm,
        seconds=LATELY_SECONDS,
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
    workers = source.workers_of(runner_id)
    members = {str(one.identity.runner_id): one for one in (found, *workers)}
    finished = [row for row in source.finished(_HOUR) if row.runner_id in members]
    in_hand = source.owned(_LIMIT) if workers else owned
    row, *below = rows_of(source, list(members.values()), finished, in_hand, now)
    runs = runs_of(finished, in_hand, now)
    told = source.notes().get(runner_id, RunnerNotes())
    # Who leads now matters only where the end of a term is not known.
    lease = source.lease()[0] if told.terms and told.terms[-1].until is None else None
    return views.page(
        request,
        "runner.html",
        now=now,
        row=row,
        may_drain=not why_no_drain(found, row.state),
        owned=owned,
        workers=below,
        usage=usage_of(used_shares(list(members.values()), runs, now - _HOUR, now, _PARTS)),
        terms=terms_of({runner_id: told}, members, lease, now),
        seconds=LATELY_SECONDS,
        log_url=log_url_of_runner(source.settings.log_url_template, source.app_id, found, now),
        taken=taken_from(source.store, list(members.values()), _LATEST),
        failed=sum(one.status is InvocationStatus.FAILED for one in finished),
        latest=list(source.store.get_invocations([one.invocation_id for one in finished[:_LATEST]]).values()),
        rhythm=source.rhythm,
    )


def _last_sign(one: RunnerRecord) -> float:
    return one.last_beat_at if one.stopped_at is None else one.stopped_at
