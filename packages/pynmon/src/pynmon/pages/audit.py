"""What was done by means of this monitor, and what was tried."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pynmon.audit import Audit
from pynmon.pages.context import ViewsOf

router = APIRouter()
_ROWS = 100


@router.get("/audit", name="audit")
def audit(
    request: Request, views: ViewsOf, before: Annotated[int | None, Query(ge=1, le=2**60)] = None
) -> HTMLResponse:
    """A page of entries, newest first; no store is asked."""
    kept: Audit = request.app.state.audit
    entries, older = kept.page(_ROWS, before)
    return views.page_without_store(
        request,
        "audit.html",
        entries=entries,
        older=older,
        is_newest=before is None,
        is_kept=kept.path is not None,
    )
