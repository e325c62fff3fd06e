"""What cannot be undone: removing what has ended, or everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pynmon.maintenance import COUNTED_AT_MOST, PURGE_IS_OFF, Maintenance, Scope
from pynmon.pages.actions import SenderOf
from pynmon.pages.context import ViewsOf

router = APIRouter()
_MOST_DAYS = 3650


def _maintenance(request: Request) -> Maintenance:
    maintenance: Maintenance = request.app.state.maintenance
    return maintenance


MaintenanceOf = Annotated[Maintenance, Depends(_maintenance)]


@router.get("/system/maintenance", name="maintenance")
def show(
    request: Request,
    views: ViewsOf,
    maintenance: MaintenanceOf,
    days: Annotated[int, Query(ge=0, le=_MOST_DAYS)] = 30,
) -> HTMLResponse:
    """A dry run, and how far the latest removal is."""
    # Before the count, so that a page that says that it is over counts what is left.
    latest = maintenance.latest
    is_over = latest is None or latest.is_over
    return views.page(
        request,
        "maintenance.html",
        days=days,
        counted=maintenance.count(days) if maintenance.is_allowed else 0,
        counted_at_most=COUNTED_AT_MOST,
        why_not="" if maintenance.is_allowed else PURGE_IS_OFF,
        latest=latest,
        is_over=is_over,
    )


@router.post("/system/maintenance/purge", name="purge")
def purge(
    request: Request,
    maintenance: MaintenanceOf,
    sender: SenderOf,
    scope: Annotated[Scope, Form()],
    days: Annotated[int, Form(ge=0, le=_MOST_DAYS)] = 0,
    typed: Annotated[str, Form(max_length=200)] = "",
) -> RedirectResponse:
    """Back to the page, which shows how far it is."""
    maintenance.start(sender, scope, days, typed.strip())
    return RedirectResponse(f"{request.url_for('maintenance').path}?days={days}", 303)
