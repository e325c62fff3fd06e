"""Log lines that somebody pastes, with what the store knows of the invocations in them. Nothing is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynmon.log_lines import MOST_LINES, SHORT, LogLine, beginnings, match, parse, references
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.source import Source

router = APIRouter()
MOST_BYTES = 1024 * 1024
_WHOLE = 32
#: Ids that are cut short are looked for in so many parts of the list of ids, and in each among so many.
_MOST_PARTS, _PART = 5, 2_000
_RUNNERS = 500


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of the names in some lines."""

    invocations: dict[str, InvocationRecord]
    runners: dict[str, RunnerRecord]
    #: Names that nothing was found for.
    unknown: tuple[str, ...]


@router.get("/logs", name="logs")
def logs(request: Request, views: ViewsOf) -> HTMLResponse:
    """The empty form."""
    return views.page(
        request,
        "logs.html",
        text="",
        lines=[],
        known=Known({}, {}, ()),
        invocations=[],
        levels={},
        chosen="",
        limit=MOST_LINES,
        part=_PART,
        parts=_MOST_PARTS,
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
    known = _look_up(source, lines)
    levels = Counter(line.level for line in lines if line.level)
    shown: list[LogLine] = [line for line in lines if not level or line.level == level]
    return views.page(
        request,
        "logs.html",
        text=text,
        lines=shown,
        known=known,
        # One may be named in full and by its end.
        invocations=list({one.invocation_id: one for one in known.invocations.values()}.values()),
        levels=levels,
        chosen=level,
        limit=MOST_LINES,
        part=_PART,
        parts=_MOST_PARTS,
    )


def _look_up(source: Source, lines: list[LogLine]) -> Known:
    """Whole ids at once; of ids that are cut short, those that were registered shortly before their line."""
    names = references(lines, "invocation")
    whole = [InvocationId(name) for name in names if len(name) >= _WHOLE]
    records = {str(name): record for name, record in source.store.get_invocations(whole).items()}
    short = [name for name in names if len(name) < _WHOLE and match(name, records) is None]
    starts = beginnings(lines, {name for name in short if len(name) <= SHORT})
    starts += [name for name in short if len(name) > SHORT]
    for start in starts[:_MOST_PARTS]:
        records |= {one.invocation_id: one for one in source.store.find_by_prefix(start, _PART)}
    found = {name: record for name in names if (record := match(name, records)) is not None}
    return Known(found, _runners(source, lines), tuple(name for name in names if name not in found))


def _runners(source: Source, lines: list[LogLine]) -> dict[str, RunnerRecord]:
    """By the names in the lines, of the runners that live and the latest of the others."""
    names = [*references(lines, "runner"), *references(lines, "worker")]
    listed = source.store.list_runners(_RUNNERS) if names else []
    by_id = {str(one.identity.runner_id): one for one in listed}
    return {name: one for name in names if (one := match(name, by_id)) is not None}
