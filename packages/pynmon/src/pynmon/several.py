"""The monitors of several apps behind one address: each below its own, which says whose pages they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from pynenc.exceptions import ConfigError
from pynmon.readiness import healthz, readiness
from pynmon.security import Gate, path_within
from pynmon.settings import MonitorSettings

#: Behind it comes the id of the app.
_BELOW = "/a/"
#: What an address takes as it is, and nobody takes for a step up.
_PLAIN = re.compile(r"(?!\.+$)[A-Za-z0-9._~-]+")


def check_ids(app_ids: Iterable[str]) -> None:
    """Whether each can be told from the others by an address.

    Raises:
        ConfigError: there is none, one appears twice, or has characters that addresses have not.
    """
    seen: set[str] = set()
    for app_id in app_ids:
        if app_id in seen:
            raise ConfigError(
                f"two of the apps to watch are called {app_id!r}: give each an app_id of its own"
            )
        if not _PLAIN.fullmatch(app_id):
            raise ConfigError(
                f"the app {app_id!r} cannot be watched beside others, because its id is a part of addresses then: "
                "use letters, digits and . _ ~ - only, or give it a monitor of its own"
            )
        seen.add(app_id)
    if not seen:
        raise ConfigError("there is no app to watch: name at least one")


def home_of(root_path: str, here: str, other: str) -> str:
    """The address of another app.

    Args:
        root_path: Where the monitor of this app is mounted.
        here: The id of this app.
        other: The id of the other one.
    """
    return f"{root_path.removesuffix(_BELOW + here)}{_BELOW}{other}/"


def behind_one_address(monitors: Mapping[str, FastAPI], settings: MonitorSettings) -> FastAPI:
    """One ASGI app for many; it does not remember which one anybody looked at.

    Args:
        monitors: By the id of their app. What names none of them leads to the first one.
        settings: Name the hosts.
    """
    outer = FastAPI(title="pynmon", openapi_url=None, docs_url=None, redoc_url=None)
    first = next(iter(monitors))

    async def readyz() -> JSONResponse:
        return await readiness([monitor.state.source for monitor in monitors.values()])

    def switch(request: Request, app_id: str) -> Response:
        return RedirectResponse(f"{request.scope.get('root_path', '')}{_BELOW}{quote(app_id)}/", 303)

    def lead(request: Request) -> Response:
        path, root = path_within(request.scope), str(request.scope.get("root_path", ""))
        query = f"?{request.url.query}" if request.url.query else ""
        if not path.startswith(_BELOW):
            return RedirectResponse(f"{root}{_BELOW}{first}{quote(path)}{query}", 307)
        if (app_id := path.removeprefix(_BELOW)) in monitors:
            return RedirectResponse(f"{root}{_BELOW}{app_id}/{query}", 307)
        return PlainTextResponse("There is no such app here.", 404)

    outer.add_api_route("/healthz", healthz)
    outer.add_api_route("/readyz", readyz)
    # Of the published pynmon, where it changed what everybody saw.
    outer.add_api_route("/switch-app/{app_id}", switch)
    for app_id, monitor in monitors.items():
        outer.mount(_BELOW + app_id, monitor)
    outer.add_api_route("/{path:path}", lead, methods=["GET", "HEAD", "POST"])
    outer.add_middleware(Gate, settings=settings)
    return outer
