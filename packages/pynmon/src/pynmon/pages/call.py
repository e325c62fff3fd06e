"""One call: every invocation of one task with the same arguments."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.values.record_filter import Like, TextField
from pynmon.merged import merges_into
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.query.meaning import along_indexes

router = APIRouter()


@router.get("/calls/{call_id:path}", name="call")
def call(request: Request, source: SourceOf, views: ViewsOf, call_id: str, cursor: str = "") -> HTMLResponse:
    """Its invocations, newest first: looked for among those of its task."""
    task_id, _, args_id = call_id.rpartition(":")
    query = along_indexes([Like(TextField.TASK_ID, (task_id,)), Like(TextField.ARGS_ID, (args_id,))])
    try:
        page = source.store.list_invocations(replace(query, cursor=cursor))
    except ValueError as error:
        raise HTTPException(400, f"The address is damaged: {error}.") from error
    if not page.records and page.next is None and not cursor:
        raise HTTPException(
            404, "No invocation of that call is kept: it was never made, or its retention is over."
        )
    return views.page(
        request,
        "call.html",
        call_id=call_id,
        task_id=task_id,
        records=page.records,
        merges=merges_into(source.store, page.records),
        cursor=cursor,
        older=urlencode({"cursor": page.next}) if page.next else "",
        is_short=page.next is not None and len(page.records) < query.limit,
        search_limit=query.search_limit,
    )
