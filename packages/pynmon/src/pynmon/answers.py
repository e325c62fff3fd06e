"""JSON as it goes over the wire, and what is wrong with a request in that form."""

from __future__ import annotations

import json
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


def problem(status_code: int, title: str, detail: str) -> ProblemJson:
    """An answer that says what is wrong."""
    content = Problem(title=title, status=status_code, detail=detail)
    return ProblemJson(content.model_dump(), status_code)
