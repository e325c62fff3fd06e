"""What ran where and when, across runners."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pynenc.values.status import InvocationStatus
from pynmon.pages.context import RANGES, SourceOf, ViewsOf
from pynmon.pages.timeline_form import FAMILY, RANGE, TimelineForm, drawn, link, own_address
from pynmon.query.rows import MOST_RECORDS
from pynmon.timeline import axis, lanes, spans
from pynmon.timeline.axis import Axis
from pynmon.timeline.bars import bars_of
from pynmon.timeline.groups import ColourBy, LanesBy
from pynmon.timeline.window import SHORTEST_SECONDS, Window, address

router = APIRouter()


@router.get("/timeline", name="timeline")
def timeline(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[TimelineForm, Query()]
) -> HTMLResponse:
    """The picture, or the same as a table."""
    now = source.now()
    shown = drawn(source, form, now)
    window, work, density, kept = shown.window, shown.work, shown.density, shown.kept
    own = own_address(form, window)
    by_status = Counter(span.status for span in work.spans)
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
        spans=sorted(work.spans, key=lambda span: span.begin) if form.view else work.spans,
        picture=shown.picture,
        axis=shown.axis,
        shades=shown.paint.shades,
        density=density,
        most_failed=spans.MOST_FAILED,
        layout=lanes,
        width=axis.WIDTH,
        bars_of=bars_of,
        failed=density.failed if density else by_status[InvocationStatus.FAILED],
        failed_is_least=density is not None
        and any(part.failed == spans.MOST_FAILED for part in density.parts),
        seen=[status for status in InvocationStatus if by_status[status]],
        ticks=lambda origin: ticks_of(window, shown.axis, origin),
        now_x=shown.axis.x_of(now) if window.since <= now <= window.until else None,
        form=form,
        lanes_by=list(LanesBy),
        colour_by=list(ColourBy),
        ranges=RANGES,
        default_range=RANGE,
        kept=kept,
        moved={
            "Earlier": link(window.moved(-0.5), kept),
            "Later": link(window.moved(0.5), kept),
            "Closer": link(window.scaled(0.5), kept),
            "Wider": link(window.scaled(2.0), kept),
        },
        with_view=lambda view: link(own, kept, {"view": view}),
        without_filters=link(own, kept, {"q": "", "task": "", "errors": ""}),
        without_root=link(own, {**kept, "root": ""}),
        family_is_cut=len(shown.family) == FAMILY,
        family_limit=FAMILY,
        zoom=lambda since, until: link(address(since, until), kept),
        failures_in=lambda part: link(address(part.begin, part.end), kept, {"errors": "true"}),
        zoomable=SHORTEST_SECONDS,
    )


def ticks_of(window: Window, axis: Axis, origin: float) -> list[tuple[float, float, float, float]]:
    """Of each part between two ticks: its beginning and end as instants, and where they are drawn."""
    edges = [window.since, *window.ticks(origin), window.until]
    return [(begin, end, axis.x_of(begin), axis.x_of(end)) for begin, end in pairwise(edges) if end > begin]
