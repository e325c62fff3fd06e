"""From an app and settings to an ASGI app; nothing here is global."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from pynenc import Pynenc
from pynenc.exceptions import InvocationNotFoundError, StoreError, TriggerError
from pynmon import api, pages
from pynmon.access import Access, Guard
from pynmon.actions import ActionRefusedError, Actions, UnfitArgumentsError
from pynmon.answers import problem
from pynmon.api.metrics import sample
from pynmon.assets import Assets
from pynmon.audit import Audit
from pynmon.bulk.jobs import Jobs
from pynmon.ended import Ended
from pynmon.live import Live
from pynmon.maintenance import Maintenance
from pynmon.readiness import healthz, readiness
from pynmon.sampler import Sampler
from pynmon.security import SAFE_METHODS, Gate, path_within
from pynmon.settings import MonitorSettings
from pynmon.several import behind_one_address, check_ids
from pynmon.source import Source
from pynmon.timed import Queries
from pynmon.together import Together
from pynmon.views import Views

logger = logging.getLogger(__name__)
_RETRY_SECONDS = 3
#: Answers of more bytes are compressed, where the reader takes that. A higher level takes more time than it saves.
_SMALL_BYTES, _LEVEL = 1000, 4


def create_monitor_app(apps: Pynenc | Sequence[Pynenc], settings: MonitorSettings | None = None) -> FastAPI:
    """Make the monitor of an app, or of several, to be served by itself or mounted in another ASGI app.

    It reads the stores of the apps and nothing else: no task is imported or run, no payload is decoded, and nothing is
    written unless the settings let operators act.

    Args:
        apps: The app whose stores are read. The pages of each of several are below ``/a/`` and its id; what is asked
            for without that leads to the first one. Whoever is known to one is known to all.
        settings: By default the monitor answers only to the names of this machine's loopback, and is read-only.

    Raises:
        MonitorUnavailableError: the backend of an app has nothing to read from.
        ConfigError: addresses could not tell the apps apart.
        OSError: the file of the audit cannot be written.

    Example::

        host.mount("/ops", create_monitor_app(app, MonitorSettings(allowed_hosts=("ops.example.org",))))
    """
    chosen = settings or MonitorSettings()
    if isinstance(apps, Pynenc):
        audit = Audit(chosen.audit_file, apps.app_id)
        return _monitor_of(apps, chosen, audit, Guard(apps.app_id, chosen, audit))
    check_ids(ids := [app.app_id for app in apps])
    audits = [Audit(chosen.audit_file, app_id) for app_id in ids]
    guard = Guard(ids[0], chosen, audits[0])
    monitors = {
        app.app_id: _monitor_of(app, chosen, audit, guard, ids)
        for app, audit in zip(apps, audits, strict=True)
    }
    return behind_one_address(monitors, chosen)


class _Monitor(FastAPI):
    """Finds addresses among its own pages only: what is around it, where it is mounted, may use the same names."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        own = {"router": self.router, "app_root_path": scope.get("root_path", "")}
        await super().__call__({**scope, **own}, receive, send)


def _monitor_of(
    app: Pynenc, chosen: MonitorSettings, audit: Audit, guard: Guard, app_ids: Sequence[str] = ()
) -> FastAPI:
    queries = Queries()
    source = Source(app, chosen, queries)
    monitor = _Monitor(
        title="pynmon",
        version=version("pynmon"),
        openapi_url="/api/v1/openapi.json",
        # They load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    monitor.state.source = source
    monitor.state.reticent_source = Source(app, chosen, queries, sees_payloads=False)
    monitor.state.queries = queries
    monitor.state.settings = chosen
    monitor.state.audit = audit
    monitor.state.actions = actions = Actions(app, audit, enqueues=chosen.allow_enqueue)
    monitor.state.maintenance = Maintenance(
        app, actions, is_allowed=chosen.allow_purge, undo_seconds=chosen.undo_seconds
    )
    monitor.state.jobs = Jobs(app, source.store, audit, chosen.bulk_limit)
    monitor.state.guard = guard
    monitor.state.views = views = Views(source, chosen, _addresses(), app_ids)
    ended = Ended(source.store)
    monitor.state.sampler = Sampler(lambda: sample(source, ended))
    monitor.state.live = Live(source.store, chosen)
    for router in pages.ROUTERS:
        monitor.include_router(router, include_in_schema=False)
    for router in api.ROUTERS:
        monitor.include_router(router)
    monitor.mount("/static", Assets(), name="static")
    monitor.add_exception_handler(Exception, _failed)
    monitor.add_exception_handler(StoreError, _failed)
    monitor.add_exception_handler(HTTPException, _refused)
    for refusal in (ActionRefusedError, UnfitArgumentsError, InvocationNotFoundError, TriggerError):
        monitor.add_exception_handler(refusal, _not_done)
    monitor.add_exception_handler(RequestValidationError, _misunderstood)
    monitor.add_api_route("/healthz", healthz, include_in_schema=False)
    monitor.add_api_route("/readyz", _readyz, include_in_schema=False)
    # Whoever looks through them first makes them ready, which takes longer than most pages: now, so that nobody waits.
    for route in monitor.routes:
        route.matches({"type": "http", "method": "GET", "path": "", "headers": []})
    # The last one is the first that sees a request. What is shared is compressed once.
    monitor.add_middleware(GZipMiddleware, minimum_size=_SMALL_BYTES, compresslevel=_LEVEL)
    monitor.add_middleware(Together)
    routes = (declared_routes(), monitor.router.routes)
    monitor.add_middleware(Access, routes=routes, guard=guard, views=views, audit=audit)
    monitor.add_middleware(Gate, settings=chosen)
    return monitor


def declared_routes() -> list[BaseRoute]:
    """The routes of all pages and of the API. FastAPI keeps those of an included router to itself."""
    return [route for router in (*pages.ROUTERS, *api.ROUTERS) for route in router.routes]


def _addresses() -> dict[str, str]:
    """By name; asked of the routes themselves, which look through all of them for each."""
    found = {route.name: route.path_format for route in declared_routes() if isinstance(route, Route)}
    return {**found, "static": "/static/{path}"}


async def _readyz(request: Request) -> JSONResponse:
    return await readiness([request.app.state.source])


async def _failed(request: Request, error: Exception) -> Response:
    # boundary: what went wrong is for the log; the reader gets a name to look for it.
    name = secrets.token_hex(4)
    logger.error("%s %s failed (%s)", request.method, request.url.path, name, exc_info=error)
    unavailable = isinstance(error, StoreError)
    details = f"Details are in the monitor's log under {name}."
    if not unavailable:
        return _answer(request, 500, "This page could not be made.", details)
    response = _answer(request, 503, "The store cannot be read now.", details)
    response.headers["Retry-After"] = str(_RETRY_SECONDS)
    if request.method == "GET" and isinstance(response, HTMLResponse):
        # Also without scripts: browsers load the page again by themselves.
        response.headers["Refresh"] = str(_RETRY_SECONDS)
    return response


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    wanted = "That cannot be shown." if request.method in SAFE_METHODS else "That was not done."
    title = "There is no such page." if error.status_code == 404 else wanted
    detail = "" if error.detail == "Not Found" else str(error.detail)
    return _answer(request, error.status_code, title, detail)


async def _not_done(request: Request, error: Exception) -> Response:
    """What the actions raise, as it is answered."""
    if isinstance(error, ActionRefusedError):
        return await _refused(request, HTTPException(409, str(error)))
    if isinstance(error, UnfitArgumentsError):
        return await _refused(request, HTTPException(422, str(error)))
    if isinstance(error, InvocationNotFoundError):
        what = f"invocation {error.invocation_id!r}: it was never registered, or its retention is over."
    else:
        what = "such trigger: no runner has it."
    return await _refused(request, HTTPException(404, f"There is no {what}"))


async def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Of a list the position follows its name.
    names = ", ".join([part for part in one["loc"] if isinstance(part, str)][-1] for one in error.errors())
    return _answer(request, 422, "That cannot be shown.", f"The address has a wrong value: {names}.")


def _answer(request: Request, status_code: int, title: str, detail: str) -> Response:
    """What is wrong, in the form that whoever asked can read."""
    path = path_within(request.scope)
    if path.startswith("/api/"):
        return problem(status_code, title, detail)
    if path in ("/events", "/metrics", "/healthz", "/readyz"):
        return PlainTextResponse(detail or title, status_code)
    views: Views = request.app.state.views
    return views.error(request, status_code, title, detail)
