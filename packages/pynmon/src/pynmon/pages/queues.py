"""What waits: how much, for how long, and whether anybody is there for it. Looking takes nothing out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from pynenc.values.monitor import RecordQuery
from pynmon.health import RunnerState
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.queues import WAITING, flow_of, verdict

router = APIRouter()
_SECONDS = 300.0
_RUNNERS, _OLDEST = 500, 25


@router.get("/queues", name="queues")
def queues(request: Request, source: SourceOf, views: ViewsOf) -> HTMLResponse:
    """One page for all of it."""
    now = source.now()
    ended = source.finished(_SECONDS)
    is_cut = len(ended) == source.settings.sample_limit
    flow = flow_of(source.counts(), ended, now - ended[-1].ended_at if is_cut else _SECONDS)
    states = [source.rhythm.state_of(one, now) for one in source.runners(_RUNNERS)]
    alive = sum(state in (RunnerState.ALIVE, RunnerState.LATE) for state in states)
    longest = source.longest_waiting()
    oldest = RecordQuery(statuses=frozenset(WAITING), oldest_first=True, limit=_OLDEST)
    level, sentence = verdict(flow, alive, longest, now)
    return views.page(
        request,
        "queues.html",
        now=now,
        flow=flow,
        level=level,
        sentence=sentence,
        alive=alive,
        longest=longest,
        apart=source.queued_apart(),
        broker=type(source.app.broker).__name__,
        oldest=source.store.list_invocations(oldest).records if flow.depth else (),
        seconds=_SECONDS,
    )
