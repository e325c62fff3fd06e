"""What ran where and when, across runners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import AllOf, RecordFilter, matcher_of
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.pages.context import RANGES, SourceOf, ViewsOf, filters_of, question_of, seconds_of
from pynmon.presentation.texts import clock, clock_ms, day
from pynmon.query.rows import MOST_RECORDS
from pynmon.source import Source
from pynmon.timeline import lanes, spans
from pynmon.timeline.bars import bars_of
from pynmon.timeline.density import Density, density_in
from pynmon.timeline.spans import Work, work_in, work_of
from pynmon.timeline.window import LONGEST_SECONDS, SHORTEST_SECONDS, Window, address, window_of

router = APIRouter()
_RANGE = "5m"
#: Members of a family that are drawn: the oldest.
_FAMILY = 300


class TimelineForm(BaseModel):
    """What the address of a timeline says."""

    range: str = ""
    #: Only the family that begins with this invocation; by default for as long as it took.
    root: str = ""
    since: str = Field("", alias="from")
    until: str = Field("", alias="to")
    q: str = ""
    task: str = ""
    errors: bool = False
    view: str = ""


@router.get("/timeline", name="timeline")
def timeline(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[TimelineForm, Query()]
) -> HTMLResponse:
    """The picture, or the same as a table."""
    now = source.now()
    family = _family(source, form.root) if form.root else []
    try:
        if family and not (form.range or form.since or form.until):
            window = _window_of_family(family, now)
        else:
            window = window_of(seconds_of(form.range or _RANGE), form.since, form.until, now)
    except ValueError as error:
        raise HTTPException(422, f"That is no window: {error}.") from error
    own = {"range": form.range} if window.follows else address(window.since, window.until)
    kept = {
        "task": form.task,
        "errors": "true" if form.errors else "",
        "view": form.view,
        "root": form.root,
    }
    question = question_of(source, form.q, [*own.items(), *kept.items()])
    if not question.problem:
        kept["q"] = form.q
    conditions = [*question.conditions, *filters_of(None, form.task)]
    is_drawn_singly = bool(question.problem or family or form.errors)
    density = None if is_drawn_singly else _density(source, window, conditions)
    if question.problem or density:
        work = Work([], is_detailed=True)
    elif family:
        work = work_of(source.store, _matching(family, conditions, form), window)
    else:
        work = work_in(source.store, window, conditions, errors_only=form.errors)
    if work.cut_at is not None:
        # A picture of what was looked at, not of a window of which most is missing.
        window = replace(window, since=min(work.cut_at, window.until - SHORTEST_SECONDS))
    by_status = Counter(span.status for span in work.spans)
    runners = source.store.get_runners(list({span.runner_id for span in work.spans}))
    return views.page(
        request,
        "timeline.html",
        status_code=question.status_code,
        question=question,
        now=now,
        window=window,
        work=work,
        limit=spans.MOST_FAILED if form.errors else spans.LIMIT,
        searched=MOST_RECORDS,
        spans=sorted(work.spans, key=lambda span: span.begin) if form.view else work.spans,
        picture=density.picture if density else lanes.draw(work.spans, runners, window),
        density=density,
        most_failed=spans.MOST_FAILED,
        layout=lanes,
        bars_of=bars_of,
        failed=density.failed if density else by_status[InvocationStatus.FAILED],
        failed_is_least=density is not None
        and any(part.failed == spans.MOST_FAILED for part in density.parts),
        seen=[status for status in InvocationStatus if by_status[status]],
        ticks=_ticks(window),
        tick_text=_tick_text(window),
        now_x=lanes.x_of(now, window) if window.since <= now <= window.until else None,
        form=form,
        ranges=RANGES,
        kept=kept,
        moved={
            "Earlier": _link(window.moved(-0.5), kept),
            "Later": _link(window.moved(0.5), kept),
            "Closer": _link(window.scaled(0.5), kept),
            "Wider": _link(window.scaled(2.0), kept),
        },
        with_view=lambda view: _link(own, kept, {"view": view}),
        without_filters=_link(own, {"view": form.view, "root": form.root}),
        without_root=_link(own, {**kept, "root": ""}),
        family_is_cut=len(family) == _FAMILY,
        family_limit=_FAMILY,
        zoom=lambda since, until: _link(address(since, until), kept),
        failures_in=lambda part: _link(address(part.begin, part.end), kept, {"errors": "true"}),
        zoomable=SHORTEST_SECONDS,
    )


def _density(source: Source, window: Window, conditions: Sequence[RecordFilter]) -> Density | None:
    """When more ended than is drawn one by one, and enough of it is asked for."""
    (ended,) = source.store.count_ended(window.since, window.until, 1, spans.LIMIT + 1)
    return density_in(source.store, window, conditions) if ended > spans.LIMIT else None


def _family(source: Source, root: str) -> Sequence[InvocationRecord]:
    query = RecordQuery(
        root_id=InvocationId(root), oldest_first=True, limit=_FAMILY, search_limit=_FAMILY + 1
    )
    records = source.store.list_invocations(query).records
    if not records:
        raise HTTPException(404, f"There is no family of {root!r}: it never began, or its retention is over.")
    return records


def _window_of_family(family: Sequence[InvocationRecord], now: float) -> Window:
    """As long as it took, or as long as it has been going on; with a little room at its end."""
    begin = min(one.created_at for one in family)
    is_open = any(one.ended_at is None for one in family)
    end = now if is_open else max(one.ended_at or now for one in family)
    length = min(max(SHORTEST_SECONDS, 1.02 * (end - begin)), LONGEST_SECONDS)
    return Window(end - length if is_open else begin, end if is_open else begin + length, follows=is_open)


def _matching(
    family: Sequence[InvocationRecord], conditions: Sequence[RecordFilter], form: TimelineForm
) -> list[InvocationRecord]:
    fulfils = matcher_of(AllOf(tuple(conditions)))
    return [
        one for one in family if fulfils(one) and (not form.errors or one.status is InvocationStatus.FAILED)
    ]


def _link(*parts: dict[str, str]) -> str:
    """The same page with other words in its address; later parts win, empty ones are left out."""
    together = {name: value for part in parts for name, value in part.items()}
    return "?" + urlencode({name: value for name, value in together.items() if value})


def _tick_text(window: Window) -> Callable[[float], str]:
    if window.seconds > 3 * 86400:
        return day
    return clock if window.seconds >= 20 else clock_ms


def _ticks(window: Window) -> list[tuple[float, float, float, float]]:
    """Of each part between two ticks: its beginning and end as instants, and where they are drawn."""
    edges = [window.since, *window.ticks(), window.until]
    return [
        (begin, end, lanes.x_of(begin, window), lanes.x_of(end, window))
        for begin, end in pairwise(edges)
        if end > begin
    ]
