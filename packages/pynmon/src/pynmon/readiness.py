"""What those ask who decide where requests go: whether the process answers, and whether its store does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from fastapi.responses import JSONResponse

from pynmon.source import Source

#: A store that has not answered by then does not count as there.
_SECONDS = 0.5


def healthz() -> JSONResponse:
    """This process answers; it says nothing of the store."""
    return JSONResponse({"status": "ok"})


async def readiness(sources: Iterable[Source]) -> JSONResponse:
    """Every store answers, too, in time."""
    asked = [asyncio.create_task(asyncio.to_thread(source.is_ready)) for source in sources]
    answered, late = await asyncio.wait(asked, timeout=_SECONDS)
    is_ready = not late and all(one.result() for one in answered)
    return JSONResponse({"status": "ok" if is_ready else "the store is away"}, 200 if is_ready else 503)
