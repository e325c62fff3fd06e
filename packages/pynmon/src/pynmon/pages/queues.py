"""What waits: how much, for how long, and whether anybody is there for it. Looking takes nothing out."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from pynenc.values.monitor import RecordQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.queues import LATELY_SECONDS, WAITING, Rates, flow_of, rates_of, verdict
from pynmon.slots import slots_of
from pynmon.source import MOST_OWNED, Source

router = APIRouter()
_RUNNERS, _OLDEST, _NEWEST = 500, 50, 500


@router.get("/queues", name="queues")
def queues(request: Request, source: SourceOf, views: ViewsOf) -> HTMLResponse:
    """One page for all of it."""
    now = source.now()
    counts, owned = source.counts(), source.owned(MOST_OWNED)
    found = source.runners(_RUNNERS)
    alive = [one for one in found if source.rhythm.lives(one, now)]
    code = source.code()
    flow = flow_of(counts, _rates(source, owned, now), code)
    longest = source.longest_waiting()
    oldest = RecordQuery(statuses=frozenset(WAITING), oldest_first=True, limit=_OLDEST)
    level, sentence = verdict(flow, len(alive), longest, now, source.settings.thresholds)
    working = sum(by_status.get(InvocationStatus.RUNNING, 0) for by_status in counts.values())
    return views.page(
        request,
        "queues.html",
        now=now,
        flow=flow,
        level=level,
        sentence=sentence,
        alive=len(alive),
        slots=slots_of(alive, working, owned),
        longest=longest,
        apart=source.queued_apart(),
        broker=type(source.app.broker).__name__,
        oldest=source.store.list_invocations(oldest).records if flow.depth else (),
    )


def _rates(source: Source, owned: Sequence[InvocationRecord], now: float) -> Rates:
    newest = source.store.list_invocations(RecordQuery(limit=_NEWEST))
    ended = source.finished(LATELY_SECONDS)
    return rates_of(newest, ended, len(ended) == source.settings.sample_limit, owned, now)
