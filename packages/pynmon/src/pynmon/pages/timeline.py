"""What ran where and when, across runners."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from pynenc.values.status import InvocationStatus
from pynmon.pages.context import RANGES, SourceOf, ViewsOf, seconds_of
from pynmon.presentation.texts import clock, clock_ms
from pynmon.timeline import lanes
from pynmon.timeline.spans import LIMIT, work_in
from pynmon.timeline.window import SHORTEST_SECONDS, Window, address, window_of

router = APIRouter()


class TimelineForm(BaseModel):
    """What the address of a timeline says."""

    range: str = "5m"
    since: str = Field("", alias="from")
    until: str = Field("", alias="to")
    task: str = ""
    errors: bool = False
    view: str = ""


@router.get("/timeline", name="timeline")
def timeline(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[TimelineForm, Query()]
) -> HTMLResponse:
    """The picture, or the same as a table."""
    now = source.now()
    try:
        window = window_of(seconds_of(form.range), form.since, form.until, now)
    except ValueError as error:
        raise HTTPException(422, f"That is no window: {error}.") from error
    work = work_in(source.store, window, form.task, errors_only=form.errors)
    runners = source.store.get_runners(list({span.runner_id for span in work.spans}))
    own = {"range": form.range} if window.follows else address(window.since, window.until)
    kept = {"task": form.task, "errors": "true" if form.errors else "", "view": form.view}
    return views.page(
        request,
        "timeline.html",
        now=now,
        window=window,
        work=work,
        limit=LIMIT,
        spans=sorted(work.spans, key=lambda span: span.begin),
        picture=lanes.draw(work.spans, runners, window),
        layout=lanes,
        failed=sum(span.status is InvocationStatus.FAILED for span in work.spans),
        seen=[status for status in InvocationStatus if any(span.status is status for span in work.spans)],
        ticks=_ticks(window),
        tick_text=clock if window.seconds >= 20 else clock_ms,
        now_x=lanes.x_of(now, window) if window.since <= now <= window.until else None,
        form=form,
        ranges=RANGES,
        kept=kept,
        moved={
            "Earlier": _link(window.moved(-0.5), kept),
            "Later": _link(window.moved(0.5), kept),
            "Wider": _link(window.widened(), kept),
        },
        with_view=lambda view: _link(own, kept, {"view": view}),
        without_filters=_link(own, {"view": form.view}),
        zoom=lambda since, until: _link(address(since, until), kept),
        zoomable=SHORTEST_SECONDS,
    )


def _link(*parts: dict[str, str]) -> str:
    """The same page with other words in its address; later parts win, empty ones are left out."""
    together = {name: value for part in parts for name, value in part.items()}
    return "?" + urlencode({name: value for name, value in together.items() if value})


def _ticks(window: Window) -> list[tuple[float, float, float, float]]:
    """Of each part between two ticks: its beginning and end as instants, and where they are drawn."""
    edges = [window.since, *window.ticks(), window.until]
    return [
        (begin, end, lanes.x_of(begin, window), lanes.x_of(end, window))
        for begin, end in pairwise(edges)
        if end > begin
    ]
