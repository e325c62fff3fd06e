"""JSON as it goes over the wire, and what is wrong with a request in that form."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel


class Json(JSONResponse):
    """Only ASCII, so that no text can break its encoding."""

    def render(self, content: Any) -> bytes:
        """As bytes."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Problem(BaseModel):
    """What is wrong with a request (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class ProblemJson(Json):
    """What is wrong."""

    media_type = "application/problem+json"


#: What goes wrong, for the description of the API.
_PROBLEMS = {
    HTTPStatus.UNAUTHORIZED: "Not logged in.",
    HTTPStatus.FORBIDDEN: "Not permitted.",
    HTTPStatus.NOT_FOUND: "There is no such thing.",
    HTTPStatus.CONFLICT: "Not possible now.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The store is away.",
}


def problems(*status_codes: int) -> dict[int | str, dict[str, Any]]:
    """What a router declares of how its requests may fail."""
    return {code: {"model": Problem, "description": _PROBLEMS[HTTPStatus(code)]} for code in status_codes}


def problem(status_code: int, title: str, detail: str) -> ProblemJson:
    """An answer that says what is wrong."""
    content = Problem(title=title, status=status_code, detail=detail)
    return ProblemJson(content.model_dump(), status_code)


def saved_as(name: str) -> dict[str, str]:
    """The header of an answer that browsers save.

    Args:
        name: Of the file; from our own code, never a text from elsewhere.
    """
    return {"Content-Disposition": f'attachment; filename="{name}"'}
