"""Invocations by a part of their id."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from pynenc.values.records import InvocationRecord
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.views import Views

router = APIRouter()
#: Of what an id may stand for so many are shown, and its end is looked for among so many.
MOST, _SUFFIX_LIMIT = 20, 30_000
#: Fewer characters lead to too many.
LEAST = 4


@router.get("/find", name="find")
def find(request: Request, source: SourceOf, views: ViewsOf, id: str = "") -> Response:
    """By the beginning or the end of an id, to the one invocation or a choice."""
    # As pages and log lines show it.
    wanted = id.strip().removeprefix("invocation:").removeprefix("…")
    if len(wanted) < LEAST:
        raise HTTPException(422, "Type at least four characters of the id of an invocation.")
    found = source.store.find_by_prefix(wanted, MOST)
    ends = not found
    if ends:
        found = source.store.find_by_suffix(wanted, MOST, _SUFFIX_LIMIT)
    if len(found) == 1:
        return RedirectResponse(
            str(request.url_for("invocation", invocation_id=found[0].invocation_id).path), 303
        )
    return found_page(request, views, wanted, found, ends=ends)


def found_page(
    request: Request,
    views: Views,
    wanted: str,
    records: list[InvocationRecord],
    *,
    ends: bool = False,
    status_code: int = 200,
) -> HTMLResponse:
    """The choice among those whose ids begin, or end, so."""
    return views.page(
        request,
        "found.html",
        status_code=status_code,
        wanted=wanted,
        records=records,
        ends=ends,
        limit=MOST,
        search_limit=_SUFFIX_LIMIT,
    )
