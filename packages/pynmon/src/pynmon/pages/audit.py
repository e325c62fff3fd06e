"""What was done by means of this monitor, and what was tried."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from pynmon.audit import Audit
from pynmon.pages.context import ViewsOf

router = APIRouter()


@router.get("/audit", name="audit")
def audit(request: Request, views: ViewsOf) -> HTMLResponse:
    """The latest entries; no store is asked."""
    kept: Audit = request.app.state.audit
    return views.page_without_store(
        request, "audit.html", entries=kept.latest(), is_kept=kept.path is not None
    )
