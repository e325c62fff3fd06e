"""Addresses of the published pynmon, for links that people kept: each leads to the page that shows that now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from pynmon.pages.context import RANGES

router = APIRouter()
#: By the path that it was: the name of the page.
OLD = {
    "/broker/": "queues",
    "/broker/queue": "queues",
    "/orchestrator/": "system",
    "/state-backend/": "system",
    "/client-data-store/": "system",
    "/runners/atomic-service/timeline": "runners",
}


@router.get("/invocations/timeline", name="old_timeline")
def timeline(request: Request, time_range: str = "") -> RedirectResponse:
    """The timeline, with its window where there is one of that name."""
    query = f"?range={time_range}" if time_range in RANGES else ""
    return _to(request, "timeline", query)


@router.get("/invocations/{invocation_id}/api", name="old_facts")
@router.get("/invocations/{invocation_id}/history", name="old_history")
def facts(request: Request, invocation_id: str) -> RedirectResponse:
    """One invocation with its history, as JSON."""
    return _to(request, "api_invocation", invocation_id=invocation_id)


def _moved(request: Request) -> RedirectResponse:
    route = request.scope["route"]
    return _to(request, OLD[route.path])


for path in OLD:
    router.add_api_route(path, _moved, name=f"old {path}")


def _to(request: Request, name: str, query: str = "", **parameters: str) -> RedirectResponse:
    return RedirectResponse(str(request.url_for(name, **parameters).path) + query, 301)
