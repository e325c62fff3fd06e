"""From an app and settings to an ASGI app; nothing here is global."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from pynenc import Pynenc
from pynenc.exceptions import StoreError
from pynmon.live import Live
from pynmon.pages import ROUTERS
from pynmon.security import Gate
from pynmon.settings import MonitorSettings
from pynmon.source import Source
from pynmon.views import Views

logger = logging.getLogger(__name__)
_STATIC = Path(__file__).parent / "static"


def create_monitor_app(app: Pynenc, settings: MonitorSettings | None = None) -> FastAPI:
    """Make the monitor of an app, to be served by itself or mounted in another ASGI app.

    It reads the app's stores and nothing else: no task is imported or run, no payload is decoded, nothing is
    written.

    Args:
        app: The app whose stores are read.
        settings: By default the monitor answers only to the names of this machine's loopback.

    Raises:
        MonitorUnavailableError: the app's backend has nothing to read from.

    Example::

        host.mount("/ops", create_monitor_app(app, MonitorSettings(allowed_hosts=("ops.example.org",))))
    """
    chosen = settings or MonitorSettings()
    source = Source(app, chosen)
    # Its documentation pages load scripts from elsewhere.
    monitor = FastAPI(title="pynmon", docs_url=None, redoc_url=None, openapi_url=None)
    monitor.state.source = source
    monitor.state.views = Views(source, chosen)
    monitor.state.live = Live(source.store, chosen)
    for router in ROUTERS:
        monitor.include_router(router)
    monitor.mount("/static", _Assets(directory=_STATIC), name="static")
    monitor.add_exception_handler(Exception, _failed)
    monitor.add_exception_handler(StoreError, _failed)
    monitor.add_exception_handler(HTTPException, _refused)
    monitor.add_exception_handler(RequestValidationError, _misunderstood)
    monitor.add_api_route("/healthz", _healthz, include_in_schema=False)
    monitor.add_middleware(Gate, settings=chosen)
    return monitor


def _healthz() -> JSONResponse:
    """This process answers; it says nothing of the store."""
    return JSONResponse({"status": "ok"})


async def _failed(request: Request, error: Exception) -> Response:
    # boundary: what went wrong is for the log; the reader gets a name to look for it.
    name = secrets.token_hex(4)
    logger.error("%s %s failed (%s)", request.method, request.url.path, name, exc_info=error)
    unavailable = isinstance(error, StoreError)
    views: Views = request.app.state.views
    return views.error(
        request,
        503 if unavailable else 500,
        "The store cannot be read now." if unavailable else "This page could not be made.",
        f"Details are in the monitor's log under {name}.",
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.rpartition("/")[2] in ("events", "healthz"):
        return PlainTextResponse(str(error.detail), error.status_code)
    views: Views = request.app.state.views
    title = "There is no such page." if error.status_code == 404 else "That cannot be shown."
    detail = "" if error.detail == "Not Found" else str(error.detail)
    return views.error(request, error.status_code, title, detail)


async def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    views: Views = request.app.state.views
    names = ", ".join(str(one["loc"][-1]) for one in error.errors())
    return views.error(request, 422, "That cannot be shown.", f"The address has a wrong value: {names}.")


class _Assets(StaticFiles):
    """Files under an address that changes with their content: kept by browsers for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
