"""Logging in with a token, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from pynmon.access import Guard, require_form_token
from pynmon.pages.context import ViewsOf

router = APIRouter()


@router.get("/login", name="login")
def login(request: Request, views: ViewsOf, next: str = "") -> Response:
    """The form."""
    return views.page_without_store(request, "login.html", next=next, wrong="")


@router.post("/login", include_in_schema=False)
def log_in(
    request: Request,
    views: ViewsOf,
    token: Annotated[str, Form(max_length=500)] = "",
    next: Annotated[str, Form(max_length=2048)] = "",
) -> Response:
    """Open a session, and go where the person wanted to."""
    guard: Guard = request.app.state.guard
    try:
        owner = guard.check(request, token.strip())
    except HTTPException as error:
        return views.page_without_store(
            request, "login.html", status_code=error.status_code, next=next, wrong=str(error.detail)
        )
    response = RedirectResponse(_ours(request, next), 303)
    response.set_cookie(
        guard.cookie,
        guard.sessions.open(owner),
        secure=request.app.state.settings.https,
        httponly=True,
        samesite="strict",
    )
    return response


@router.post("/logout", name="logout", include_in_schema=False)
def log_out(request: Request, form_token: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    require_form_token(request, form_token)
    guard: Guard = request.app.state.guard
    guard.sessions.close(request.cookies.get(guard.cookie, ""))
    response = RedirectResponse(str(request.url_for("login").path), 303)
    response.delete_cookie(
        guard.cookie, secure=request.app.state.settings.https, httponly=True, samesite="strict"
    )
    return response


def _ours(request: Request, target: str) -> str:
    """A page of this monitor; never another site, as which browsers read ``//host`` and ``/\\host``."""
    home = str(request.url_for("dashboard").path)
    is_ours = target.startswith(home) and target[1:2] not in ("/", "\\") and target.isprintable()
    return target if is_ours else home
