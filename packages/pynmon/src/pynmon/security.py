"""What every request has to get past, and what every answer carries."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pynmon.settings import MonitorSettings

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer", which would hide from us that a form was our own.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_MAX_QUERY_BYTES = 2048
#: Of the published pynmon, which had log lines in addresses.
_MAX_OLD_QUERY_BYTES, _OLD = 8192, re.compile(r"(?:/a/[^/]+)?/log-explorer/")
_MAX_BODY_BYTES = 64 * 1024
#: 5 MB of log lines, and the form around them.
_MAX_PASTE_BYTES = 5 * 2**20
_PASTE = re.compile(r"(?:/a/[^/]+)?/logs/(?:explain|file)")


class Gate:
    """Refuses foreign hosts and foreign origins, before anything else looks at a request.

    Args:
        inner: What answers those that get past.
        settings: Names the hosts.
    """

    def __init__(self, inner: ASGIApp, settings: MonitorSettings) -> None:
        self._inner = inner
        self._hosts = frozenset(host.lower() for host in settings.allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refuse(scope)
        await (refusal or self._inner)(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if _without_port(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse(
                "This monitor is not known under that name: see allowed_hosts.", status_code=421
            )
        is_old = _OLD.fullmatch(path_within(scope)) is not None
        if len(scope.get("query_string", b"")) > (_MAX_OLD_QUERY_BYTES if is_old else _MAX_QUERY_BYTES):
            return PlainTextResponse("The address is too long.", status_code=414)
        if scope["method"] not in SAFE_METHODS:
            # A program that has a token is no browser that sends something in somebody's name.
            if not _has_token(headers) and not _is_same_origin(scope, headers):
                return PlainTextResponse("Only pages of this monitor may send that.", status_code=403)
            length = headers.get("content-length", "")
            is_paste = _PASTE.fullmatch(path_within(scope)) is not None
            most = _MAX_PASTE_BYTES if is_paste else _MAX_BODY_BYTES
            # The server sees to it that no more comes than was said.
            if not length.isdecimal() or int(length) > most:
                what = "At most 5 MB of log lines are" if is_paste else "At most 64 KB are"
                return PlainTextResponse(
                    f"{what} taken at once, and their length has to be said before.", status_code=413
                )
        return None


def path_within(scope: Scope) -> str:
    """The path of a request without the place where the monitor is mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(root) if root else path


def _has_token(headers: Headers) -> bool:
    return headers.get("authorization", "").lower().startswith("bearer ")


def _is_same_origin(scope: Scope, headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    # Browsers leave it out on plain http to other machines. The host was checked before.
    return headers.get("origin") == f"{scope['scheme']}://{headers.get('host', '')}"


def _without_port(host: str) -> str:
    name, separator, port = host.lower().rpartition(":")
    return name if separator and port.isdigit() else host.lower()
