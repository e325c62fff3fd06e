"""What cannot be undone once it has begun: removing what has ended, what a component keeps, or everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pynmon.maintenance import COUNTED_AT_MOST, GOES_ON, PURGE_IS_OFF, Maintenance, Scope
from pynmon.pages.actions import SenderOf
from pynmon.pages.context import ViewsOf

router = APIRouter()
_DAYS, _MOST_DAYS = 30, 3650


async def _maintenance(request: Request) -> Maintenance:
    maintenance: Maintenance = request.app.state.maintenance
    return maintenance


MaintenanceOf = Annotated[Maintenance, Depends(_maintenance)]
DaysOf = Annotated[int, Form(ge=0, le=_MOST_DAYS)]


@router.get("/system/maintenance", name="maintenance")
def show(
    request: Request,
    views: ViewsOf,
    maintenance: MaintenanceOf,
    days: Annotated[int, Query(ge=0, le=_MOST_DAYS)] = _DAYS,
) -> HTMLResponse:
    """A dry run, and how far the latest removal is."""
    # Before the count, so that a page that says that it is over counts what is left.
    latest = maintenance.latest
    stage = latest.stage if latest else None
    is_over = stage not in GOES_ON
    offers = is_over and maintenance.is_allowed
    return views.page(
        request,
        "maintenance.html",
        days=days,
        counted=maintenance.count(days) if offers else 0,
        counted_at_most=COUNTED_AT_MOST,
        why_not="" if maintenance.is_allowed else PURGE_IS_OFF,
        components=maintenance.components() if offers else {},
        undo_seconds=maintenance.undo_seconds,
        latest=latest,
        stage=stage,
        is_over=is_over,
    )


@router.post("/system/maintenance/purge", name="purge")
def purge(
    request: Request,
    maintenance: MaintenanceOf,
    sender: SenderOf,
    scope: Annotated[Scope, Form()],
    days: DaysOf = _DAYS,
    typed: Annotated[str, Form(max_length=200)] = "",
) -> RedirectResponse:
    """Back to the page, which shows how far it is."""
    maintenance.start(sender, scope, days, typed.strip())
    return _back(request, days)


@router.post("/system/maintenance/undo", name="undo_purge")
def undo(
    request: Request, maintenance: MaintenanceOf, sender: SenderOf, days: DaysOf = _DAYS
) -> RedirectResponse:
    """Back to the page, which says that nothing was removed."""
    maintenance.call_off(sender)
    return _back(request, days)


def _back(request: Request, days: int) -> RedirectResponse:
    return RedirectResponse(f"{request.url_for('maintenance').path}?days={days}", 303)
