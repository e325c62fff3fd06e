"""The event stream of a browser tab."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse

from pynmon.live import Live

router = APIRouter()


@router.get("/events", name="events", include_in_schema=False)
async def events(request: Request) -> StreamingResponse:
    """Says that something changed, never what."""
    live: Live = request.app.state.live
    if live.is_full:
        raise HTTPException(503, "So many pages are told of changes already; this one refreshes by itself.")
    return StreamingResponse(live.stream(), media_type="text/event-stream")
