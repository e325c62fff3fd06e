"""Log lines that somebody pastes, with what the store knows of the invocations in them. Nothing is kept."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynmon.log_lines import MOST_LINES, LogLine, match, parse, references
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.source import Source

router = APIRouter()
MOST_BYTES = 1024 * 1024
#: Ids that are cut short are looked up one by one; more are left as text.
_MOST_PREFIXES = 20
_WHOLE = 32


@router.get("/logs", name="logs")
def logs(request: Request, views: ViewsOf) -> HTMLResponse:
    """The empty form."""
    return views.page(
        request,
        "logs.html",
        text="",
        lines=[],
        found={},
        invocations=[],
        levels={},
        chosen="",
        limit=MOST_LINES,
    )


@router.post("/logs", include_in_schema=False)
def explain(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    text: Annotated[str, Form()] = "",
    level: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """The lines, and what they are about; sent by POST, so that no log of requests has it."""
    if len(text) > MOST_BYTES:
        raise HTTPException(413, "Paste at most 1 MiB of log lines.")
    text = text.replace("\r\n", "\n")  # as browsers send it
    lines = parse(text)
    names = references(lines, "invocation")
    records = _look_up(source, names)
    levels = Counter(line.level for line in lines if line.level)
    shown: list[LogLine] = [line for line in lines if not level or line.level == level]
    found = {name: record for name in names if (record := match(name, records)) is not None}
    return views.page(
        request,
        "logs.html",
        text=text,
        lines=shown,
        found=found,
        # One may be named in full and by its beginning.
        invocations=list({one.invocation_id: one for one in found.values()}.values()),
        levels=levels,
        chosen=level,
        limit=MOST_LINES,
    )


def _look_up(source: Source, names: list[str]) -> dict[str, InvocationRecord]:
    """Whole ids at once, the beginnings of ids one by one."""
    whole = [InvocationId(name) for name in names if len(name) >= _WHOLE]
    records = {str(name): record for name, record in source.store.get_invocations(whole).items()}
    for name in [name for name in names if len(name) < _WHOLE][:_MOST_PREFIXES]:
        records |= {one.invocation_id: one for one in source.store.find_by_prefix(name, 2)}
    return records
