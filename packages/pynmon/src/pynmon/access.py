"""Lets in whoever has said who they are, as far as their role reaches."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Sequence
from itertools import chain
from urllib.parse import urlencode

from fastapi import HTTPException, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from pynmon.answers import problem
from pynmon.audit import Audit
from pynmon.identity import AccessToken, Identity, Role, identity_of, owner_of, remember
from pynmon.permissions import LOGS, PAYLOADS, PUBLIC, ROLES, key_of
from pynmon.security import SAFE_METHODS, path_within
from pynmon.sessions import Attempts, Rates, Sessions
from pynmon.settings import MonitorSettings
from pynmon.views import Views

logger = logging.getLogger(__name__)


class Guard:
    """Recognises people.

    Args:
        app_id: Cookies are named after it: those of all ports of a machine lie together.
        settings: The tokens, the header of a proxy, and whether anybody may act.
        audit: Where failed attempts are noted.
    """

    def __init__(self, app_id: str, settings: MonitorSettings, audit: Audit) -> None:
        self._settings = settings
        self._audit = audit
        self._key = secrets.token_bytes(32)
        self.sessions = Sessions()
        self.attempts = Attempts()
        self.rates = Rates(settings.requests_per_second)
        # Browsers take a cookie of this prefix by https only, and from no other host.
        prefix = "__Host-" if settings.https else ""
        self.cookie = f"{prefix}pynmon-{hashlib.sha256(app_id.encode()).hexdigest()[:8]}"

    def identify(self, request: Request) -> Identity | None:
        """Who sent a request; None when they have to say so first.

        Raises:
            HTTPException: a token is wrong, or too many were.
        """
        settings = self._settings
        if not settings.has_logins:
            return self._identity("", Role.VIEWER)
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            token = self.check(request, secret.strip())
            return self._identity(token.name, token.role)
        if settings.trusted_header and (user := self._user_of_proxy(request)):
            return self._identity(user, settings.trusted_role, f"proxy:{user}")
        session_id = request.cookies.get(self.cookie, "")
        found = self.sessions.find(session_id) if session_id else None
        return self._identity(found.name, found.role, session_id) if found else None

    def check(self, request: Request, secret: str) -> AccessToken:
        """Whose token it is.

        Raises:
            HTTPException: nobody's, or too many wrong ones came from there.
        """
        address = address_of(request)
        if not self.attempts.is_allowed(address):
            raise HTTPException(429, "Too many wrong tokens came from your address: wait a minute.")
        token = owner_of(self._settings.tokens, secret)
        if token is None:
            self.attempts.note_failure(address)
            self._audit.add(
                who="", action="login", subject="", result="denied", detail="a wrong token", address=address
            )
            raise HTTPException(401, "Nobody has that token.")
        return token

    def _user_of_proxy(self, request: Request) -> str:
        if address_of(request) not in self._settings.trusted_proxies:
            return ""
        return request.headers.get(self._settings.trusted_header, "")

    def _identity(self, name: str, role: Role, session: str = "") -> Identity:
        form_key = hmac.digest(self._key, session.encode(), "sha256") if session else b""
        settings = self._settings
        role = Role.VIEWER if settings.read_only else role
        return Identity(name, role, form_key, role >= settings.view_payloads, role >= settings.view_logs)


class Access:
    """Refuses whoever has not said who they are, and what their role does not reach, before anything is read.

    Args:
        inner: What answers the others.
        routes: What can be asked for, in the order in which it is looked through.
        guard: Recognises people.
        views: Makes the pages that say what is wrong.
        audit: Where denied attempts to change something are noted.
    """

    def __init__(
        self, inner: ASGIApp, routes: Sequence[Sequence[BaseRoute]], guard: Guard, views: Views, audit: Audit
    ) -> None:
        self._inner = inner
        self._routes = routes
        self._guard = guard
        self._views = views
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        refusal = self._refuse(Request(scope))
        await (refusal or self._inner)(scope, receive, send)

    def _refuse(self, request: Request) -> Response | None:
        key = key_of(chain.from_iterable(self._routes), request.scope)
        if key in PUBLIC:
            return None
        try:
            identity = self._guard.identify(request)
        except HTTPException as error:
            return self._answer(request, error.status_code, "That is refused.", str(error.detail))
        client = identity.name if identity and identity.name else address_of(request)
        if not self._guard.rates.take(client):
            response = self._answer(request, 429, "That is too fast.", "Wait a moment, then try again.")
            response.headers["Retry-After"] = "1"
            return response
        if identity is None:
            return self._ask_who(request)
        remember(request.scope, identity)
        is_hidden = (key in LOGS and not identity.sees_logs) or (
            key in PAYLOADS and not identity.sees_payloads
        )
        if key is None or (identity.role >= ROLES.get(key, _NOBODY) and not is_hidden):
            return None  # what does not exist is told so by those who know
        if request.method not in SAFE_METHODS or key in PAYLOADS:
            self._audit.add(
                who=identity.name,
                action=f"{request.method} {key[1]}",
                subject=path_within(request.scope),
                result="denied",
                detail=f"as {identity.role.name.lower()}",
                address=address_of(request),
            )
        return self._answer(
            request, 403, "That is not for you.", f"It needs another role than {identity.role.name.lower()}."
        )

    def _ask_who(self, request: Request) -> Response:
        wants_page = request.method in SAFE_METHODS and "text/html" in request.headers.get("accept", "")
        if wants_page and not path_within(request.scope).startswith("/api/"):
            target = str(request.scope["path"]) + (f"?{request.url.query}" if request.url.query else "")
            login = str(request.scope.get("root_path", "")) + "/login?" + urlencode({"next": target})
            return RedirectResponse(login, 303)
        return self._answer(request, 401, "Who are you?", "Log in, or send a token: Authorization: Bearer …")

    def _answer(self, request: Request, status_code: int, title: str, detail: str) -> Response:
        path = path_within(request.scope)
        response: Response
        if path.startswith("/api/"):
            response = problem(status_code, title, detail)
        elif path in ("/metrics", "/events"):
            response = PlainTextResponse(detail, status_code)
        else:
            response = self._views.error(request, status_code, title, detail)
        if status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response


#: Above every role.
_NOBODY = max(Role) + 1


def address_of(request: Request) -> str:
    """Where a request comes from: the peer of the connection, whatever its headers say."""
    return request.client.host if request.client else ""


def require_form_token(request: Request, form_token: str) -> Identity:
    """Who sent a form of this monitor.

    Raises:
        HTTPException: the form is not from a page that this person was given.
    """
    identity = identity_of(request.scope)
    assert identity is not None, "only a public address is answered without one"
    if not identity.sent(form_token):
        audit: Audit = request.app.state.audit
        audit.add(
            who=identity.name,
            action=f"{request.method} {path_within(request.scope)}",
            subject="",
            result="denied",
            detail="a form that is not from this login",
            address=address_of(request),
        )
        raise HTTPException(403, "That form is not from your login, or is too old: load the page again.")
    return identity
