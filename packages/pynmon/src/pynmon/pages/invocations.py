"""The list of invocations."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from pynenc.values.monitor import RecordPage, RecordQuery
from pynenc.values.status import InvocationStatus
from pynmon.pages.context import (
    RANGES,
    SourceOf,
    ViewsOf,
    filters_of,
    question_of,
    seconds_of,
    statuses_of,
)
from pynmon.pages.facets import Asked, facets_of
from pynmon.pages.strip import strip_of
from pynmon.query.meaning import along_indexes
from pynmon.query.quantities import instant_of
from pynmon.source import Source

router = APIRouter()
SIZES = (25, 50, 100, 200)
_RANGE, _SIZE = "1h", 50
#: What people ask for most often.
_QUICK = {
    "Failed": "status:failed",
    "Running": "status:running",
    "Stuck": "is:stuck",
    "Slow": "is:slow",
    "Retried": "is:retried",
    "Blocked": "is:blocked",
    "Open for long": "is:open created:>1h",
}
_NOTHING = RecordPage((), None)


class ListForm(BaseModel):
    """What the address of a list says."""

    q: str = ""
    status: list[str] = []
    task: str = ""
    cursor: str = ""
    #: Where the list begins without a cursor: with what was registered before this instant; empty for the newest.
    at: str = ""
    size: int = _SIZE
    #: The window of the strip.
    range: str = _RANGE


@router.get("/invocations", name="invocations")
def invocations(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[ListForm, Query()]
) -> HTMLResponse:
    """A page of the list."""
    if form.size not in SIZES:
        raise HTTPException(422, f"A page holds {', '.join(map(str, SIZES))} invocations, not {form.size}.")
    rest = [("status", name) for name in form.status] + ([("task", form.task)] if form.task else [])
    asked = Asked(
        form.q,
        form.status,
        form.task,
        range="" if form.range == _RANGE else form.range,
        size="" if form.size == _SIZE else str(form.size),
    )
    question = question_of(source, form.q, [*rest, ("range", asked.range), ("size", asked.size)])
    others = filters_of(statuses_of(form.status), form.task)
    query = along_indexes([*question.conditions, *others])
    seconds = seconds_of(form.range)
    page, strip = _NOTHING, None
    if not question.problem:
        try:
            query = replace(query, cursor=form.cursor or _place(source, form.at), limit=form.size)
            page = source.store.list_invocations(query)
        except ValueError as error:
            raise HTTPException(400, f"The address is damaged: {error}.") from error
        strip = strip_of(source, asked, question, others, seconds)
    filters = ([("q", form.q)] if form.q else []) + rest
    newest = [*filters, ("size", str(form.size)), ("range", form.range)]
    return views.page(
        request,
        "invocations.html",
        status_code=question.status_code,
        form=form,
        question=question,
        records=page.records,
        total=_total(source, query),
        statuses=statuses_of(form.status) or frozenset(),
        every_status=list(InvocationStatus),
        tasks=sorted(source.counts()),
        filters=urlencode(filters),
        older=urlencode([*newest, ("cursor", page.next)]) if page.next else "",
        newest=urlencode(newest),
        newest_fields=newest,
        is_older=bool(form.cursor or form.at),
        strip=strip,
        usual_range=_RANGE,
        ranges={name: asked.address(range=name) for name in RANGES},
        facets=facets_of(asked, query, page.records, source.counts()),
        is_filtered=bool(filters),
        quick={
            word: (asked.address(q=q, status=(), task=""), not rest and q == form.q)
            for word, q in _QUICK.items()
        },
        sizes=SIZES,
        search_limit=query.search_limit,
        is_short=page.next is not None and len(page.records) < form.size,
    )


def _place(source: Source, at: str) -> str:
    """The cursor of what was registered before an instant."""
    if not at:
        return ""
    try:
        return source.store.find_cursor(instant_of(at))
    except (ValueError, OverflowError):
        raise HTTPException(422, f"There is no instant {at!r}: write 2026-01-31T08:00, in UTC.") from None


def _total(source: Source, query: RecordQuery) -> int | None:
    """Exact, as the store maintains the numbers by task and status; None of what it has no numbers of."""
    if query.root_id is not None or query.where is not None:
        return None
    counts = source.counts()
    chosen = counts.values() if query.task_id is None else [counts.get(query.task_id, {})]
    return sum(
        n
        for by_status in chosen
        for status, n in by_status.items()
        if not query.statuses or status in query.statuses
    )
