"""What was done by means of this monitor, and what was tried."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from pynenc.values.clock import SystemClock
from pynmon.audit import Audit
from pynmon.bulk.scope import BulkAction
from pynmon.pages.context import ViewsOf

router = APIRouter()
_ROWS = 100
#: By action: the page of what it was about, and what that is called in its address.
_PAGES_OF = {
    "rerun": ("invocation", "invocation_id"),
    "cancel": ("invocation", "invocation_id"),
    "download": ("invocation", "invocation_id"),
    "recover": ("runner", "runner_id"),
    "acknowledge": ("failure", "fingerprint"),
    "pause": ("schedule", "trigger_id"),
    "resume": ("schedule", "trigger_id"),
    **{f"bulk {action}": ("bulk_job", "job_id") for action in BulkAction},
}


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
        now=SystemClock().now(),
        entries=entries,
        instant=_instant,
        pages_of=_PAGES_OF,
        older=older,
        is_newest=before is None,
        is_kept=kept.path is not None,
    )


def _instant(text: str) -> float | None:
    """Of an entry; None when somebody wrote something else into the file."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
