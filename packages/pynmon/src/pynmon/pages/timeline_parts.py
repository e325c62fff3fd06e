"""What a timeline tells when it is asked about a part of it: what ran at an instant, and what it adds up to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from pynenc.values.record_filter import RecordFilter
from pynenc.values.status import InvocationStatus
from pynmon.pages.context import SourceOf, ViewsOf, asked, filters_of
from pynmon.pages.timeline_form import TimelineForm, drawn
from pynmon.query.grammar import QueryError
from pynmon.source import Source
from pynmon.timeline.groups import LanesBy, key_of, path_of
from pynmon.timeline.headings import is_heading
from pynmon.timeline.instant import LOOKED_AT, Ran, ran_in
from pynmon.timeline.spans import OWNED
from pynmon.timeline.totals import totals_of
from pynmon.timeline.window import LONGEST_SECONDS, Window

router = APIRouter()
#: More are not listed.
_MOST = 12
#: The beginning of the year 9999: whatever has a date in every time zone comes before it.
_LATEST = 253_370_764_800


class PointForm(TimelineForm):
    """Where the pointer is."""

    #: Seconds since 1970.
    at: Annotated[float, Query(ge=0, le=_LATEST)]
    #: As many seconds before and after it are as near as the eye can tell.
    near: Annotated[float, Query(ge=0, le=LONGEST_SECONDS)] = 0.0
    #: The key of the lane; of all lanes if it is not said.
    lane: str | None = None


@router.get("/timeline/at", name="timeline_at")
def at(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[PointForm, Query()]
) -> HTMLResponse:
    """What ran in a lane at an instant."""
    found, looked_until = _ran(source, form)
    return views.page(
        request,
        "timeline_at.html",
        now=source.now(),
        at=form.at,
        found=found[:_MOST],
        left_out=max(0, len(found) - _MOST),
        looked_at=LOOKED_AT,
        looked_until=looked_until,
    )


@router.get("/timeline/totals", name="timeline_totals")
def totals(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[TimelineForm, Query()]
) -> HTMLResponse:
    """What went on in a window, in numbers."""
    now = source.now()
    shown = drawn(source, form, now)
    return views.page(
        request,
        "timeline_totals.html",
        status_code=shown.question.status_code,
        now=now,
        question=shown.question,
        window=shown.drawing.window,
        density=shown.drawing.density,
        limit=form.limit,
        work=shown.work,
        totals=totals_of(shown.work.spans, shown.drawing.window),
    )


def _ran(source: Source, form: PointForm) -> Ran:
    window = Window(form.at - form.near, form.at + form.near, follows=False)
    ran = ran_in(source.store, window, source.owned(OWNED), _conditions(source, form))
    if form.lane is None:
        return ran
    if form.lanes is LanesBy.RUNNER and is_heading(form.lane):
        runners = source.store.get_runners(list({span.runner_id for span in ran.spans}))
        below = {name for name, one in runners.items() if form.lane in {label.key for label in path_of(one)}}
        return ran._replace(spans=[span for span in ran.spans if span.runner_id in below])
    records = {}
    if form.lanes is LanesBy.WORKFLOW:
        records = source.store.get_invocations([span.invocation_id for span in ran.spans])
    lane_of = key_of(form.lanes, records)
    return ran._replace(spans=[span for span in ran.spans if lane_of(span) == form.lane])


def _conditions(source: Source, form: PointForm) -> list[RecordFilter]:
    try:
        found = asked(source, form.q)
    except QueryError as error:
        raise HTTPException(422, f"{form.q[error.at : error.end]}: {error}.") from error
    statuses = {InvocationStatus.FAILED} if form.errors else None
    return [*found, *form.conditions(source.now()), *filters_of(statuses, "", form.root)]
