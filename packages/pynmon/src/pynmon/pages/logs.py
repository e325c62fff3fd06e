"""Log lines that somebody pastes, with what the store knows of the invocations in them. Nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynmon.log_findings import Finding, findings_in
from pynmon.log_known import MOST_PARTS, PART, Known, look_up
from pynmon.log_lines import ERRORS, MOST_LINES, LogLine, parse, references
from pynmon.log_picture import picture_of
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.timeline.drawing import Drawing
from pynmon.timeline.window import address, link
from pynmon.views import Views

router = APIRouter()
MOST_BYTES = 1024 * 1024
#: The name of all levels of what went wrong.
_ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Explained:
    """Lines, and all that is told about them."""

    text: str = ""
    lines: Sequence[LogLine] = ()
    known: Known = field(default_factory=Known)
    findings: Sequence[Finding] = ()
    picture: Drawing | None = None


@router.get("/logs", name="logs")
def logs(request: Request, views: ViewsOf, level: str = "") -> HTMLResponse:
    """The empty form."""
    return _page(request, views, Explained(), level)


@router.post("/logs", include_in_schema=False)
def explain(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    text: Annotated[str, Form()] = "",
    level: str = "",
) -> HTMLResponse:
    """The lines, and what they are about; sent by POST, so that no log of requests has it."""
    if len(text) > MOST_BYTES:
        raise HTTPException(413, "Paste at most 1 MiB of log lines.")
    text = text.replace("\r\n", "\n")  # as browsers send it
    lines = parse(text)
    known = look_up(source, lines)
    findings = findings_in(lines, known, source.now())
    return _page(request, views, Explained(text, lines, known, findings, picture_of(lines, known)), level)


def _page(request: Request, views: Views, found: Explained, level: str) -> HTMLResponse:
    levels = Counter(line.level for line in found.lines if line.level)
    chosen = ERRORS if level == _ERRORS else (level,)
    window = found.picture.window if found.picture else None
    return views.page(
        request,
        "logs.html",
        text=found.text,
        shown=[line for line in found.lines if not level or line.level in chosen],
        total=len(found.lines),
        known=found.known,
        findings=found.findings,
        kinds=Counter(one.kind for one in found.findings),
        tasks=references(found.lines, "task"),
        drawing=found.picture,
        timeline=link(address(window.since, window.until)) if window else "",
        levels={"": len(found.lines), _ERRORS: sum(levels[one] for one in ERRORS), **levels},
        level=level,
        limit=MOST_LINES,
        part=PART,
        parts=MOST_PARTS,
    )
