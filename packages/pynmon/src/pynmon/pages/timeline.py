"""What ran where and when, across runners."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pynenc.values.status import InvocationStatus
from pynmon.pages.context import RANGES, SourceOf, ViewsOf
from pynmon.pages.timeline_form import FAMILY, RANGE, TimelineForm, drawn
from pynmon.query.rows import MOST_RECORDS
from pynmon.timeline import lanes, spans
from pynmon.timeline.density import MOST_BUSY
from pynmon.timeline.groups import ColourBy, LanesBy
from pynmon.timeline.overview import HEIGHT
from pynmon.timeline.table import SortBy, lines_of
from pynmon.timeline.window import address, link

router = APIRouter()
#: A page that follows is drawn anew at least so often when something changes, in seconds.
_SLOWEST = 60.0
#: What the control of durations offers; an address may say any.
LONGER = ("100ms", "1s", "5s", "30s", "1m", "10m", "1h")


@router.get("/timeline", name="timeline")
def timeline(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[TimelineForm, Query()]
) -> HTMLResponse:
    """The picture, or the same as a table."""
    now = source.now()
    shown = drawn(source, form, now)
    drawing, work = shown.drawing, shown.work
    window, density, kept, own = drawing.window, drawing.density, drawing.kept, drawing.own
    most = MOST_BUSY if density else lanes.MOST_LANES
    by_status = Counter([span.status for span in work.spans])
    return views.page(
        request,
        "timeline.html",
        status_code=shown.question.status_code,
        question=shown.question,
        now=now,
        window=window,
        work=work,
        limit=form.limit,
        searched=MOST_RECORDS,
        spans=work.spans,
        bars=sum(len(group.spans) for group in shown.bars),
        lines=lines_of((span for group in shown.bars for span in group.spans), form.sort, now)
        if form.view
        else [],
        sort_by=SortBy,
        sorted_by=lambda by: link(own, kept, {"sort": "" if by is SortBy.BEGIN else by}),
        fit=drawing.fit(work.spans),
        every=min(_SLOWEST, max(1.0, window.seconds / 200)),
        goes_on=any(span.end is None for span in work.spans),
        drawing=drawing,
        picture=drawing.picture,
        shades=shown.paint.shades,
        density=density,
        failed=density.failed if density else by_status[InvocationStatus.FAILED],
        failed_is_least=density is not None
        and any(part.failed == spans.MOST_FAILED for part in density.parts),
        seen=[status for status in InvocationStatus if by_status[status]],
        form=form,
        lanes_by=list(LanesBy),
        colour_by=list(ColourBy),
        ranges=RANGES,
        default_range=RANGE,
        kept=kept,
        overview=shown.overview,
        overview_height=HEIGHT,
        is_part_too_much=shown.is_part_too_much,
        longer=LONGER,
        step=max(1, most - sum(lane.is_pinned for lane in drawing.picture.lanes)),
        without_part=link(own, kept, {"begin": "", "end": ""}),
        fixed=link(address(window.since, window.until), kept),
        with_view=lambda view: link(own, kept, {"view": view}),
        without_filters=link(own, kept, {"q": "", "task": "", "errors": "", "longer": ""}),
        without_root=link(own, {**kept, "root": ""}),
        family_is_cut=len(shown.family) == FAMILY,
        family_limit=FAMILY,
    )
