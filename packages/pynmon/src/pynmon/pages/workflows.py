"""The runs of workflows, and what they are runs of."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from pynenc.values.monitor import RecordPage, RecordQuery
from pynmon.pages.context import SourceOf, ViewsOf, filters_of, question_of, statuses_of
from pynmon.progress import progress_of
from pynmon.query.meaning import along_indexes
from pynmon.workflow_types import types_of

router = APIRouter()
#: The latest runs that figures of workflows are made of.
_RUNS = 500


@router.get("/workflows", name="workflows")
def workflows(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    status: Annotated[list[str], Query(default_factory=list)],
    q: str = "",
    cursor: str = "",
) -> HTMLResponse:
    """The runs, newest first."""
    rest = [("status", name) for name in status]
    question = question_of(source, q, rest)
    query = along_indexes([*question.conditions, *filters_of(statuses_of(status), "")])
    page = RecordPage((), None)
    if not question.problem:
        try:
            page = source.store.list_invocations(replace(query, workflows=True, cursor=cursor))
        except ValueError as error:
            raise HTTPException(400, f"The address is damaged: {error}.") from error
    kept = ([("q", q)] if q else []) + rest
    return views.page(
        request,
        "workflows.html",
        status_code=question.status_code,
        question=question,
        records=page.records,
        progress=progress_of(source.store, page.records),
        older=urlencode([*kept, ("cursor", page.next)]) if page.next else "",
        newest=urlencode(kept),
        cursor=cursor,
        chosen=status,
        search_limit=query.search_limit,
        is_short=page.next is not None and len(page.records) < query.limit,
    )


@router.get("/workflows/types", name="workflow_types")
def workflow_types(request: Request, source: SourceOf, views: ViewsOf) -> HTMLResponse:
    """What the latest runs are runs of, in two reads."""
    page = source.store.list_invocations(RecordQuery(workflows=True, limit=_RUNS))
    return views.page(
        request,
        "workflow_types.html",
        types=types_of(page.records, source.counts()),
        runs=len(page.records),
        is_cut=page.next is not None,
    )
