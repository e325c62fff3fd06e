"""Log lines that somebody pastes, with what the store knows of the invocations in them. Nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from pynmon.log_findings import Finding, findings_in
from pynmon.log_known import MOST_PARTS, PART, Known, look_up
from pynmon.log_lines import ERRORS, LEVELS, MOST_BYTES, MOST_LINES, LogLine, lines_of, parse, references
from pynmon.log_outside import Outside, outside_of
from pynmon.log_part import ONLY_ERRORS, levels_of, part_of, room_beside, text_of, toggled
from pynmon.log_picture import picture_of
from pynmon.log_rows import LogRows, line_id
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.presentation.instants import COOKIE, Instants
from pynmon.presentation.markup import typed
from pynmon.presentation.texts import number, size
from pynmon.source import Source
from pynmon.timeline.drawing import Drawing
from pynmon.timeline.window import address, link
from pynmon.turns import Turns
from pynmon.views import Views

router = APIRouter()
TOO_MUCH = f"At most {MOST_BYTES // 1_000_000} MB and {number(MOST_LINES)} lines are explained at once"
#: Invocations that are listed below the lines.
_MOST_LISTED = 50
#: Many lines take much memory while they are explained, and are not quicker when others are at the same time.
_TURNS = Turns(10.0)


class Times(StrEnum):
    """In which form the times of lines are shown."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody sent, and how they want to see it."""

    text: str = ""
    levels: Sequence[str] = ()
    #: Only the lines after the one with this number.
    after: int = 0
    times: Times = Times.ABSOLUTE
    wraps: bool = True


@dataclass(frozen=True, slots=True)
class Explained:
    """Lines, and all that is told about them."""

    #: Why nothing is.
    problem: str = ""
    lines: Sequence[LogLine] = ()
    known: Known = field(default_factory=Known)
    findings: Sequence[Finding] = ()
    picture: Drawing | None = None


@router.get("/logs", name="logs")
def logs(
    request: Request, views: ViewsOf, level: str = "", times: Times = Times.ABSOLUTE, wrap: str = ""
) -> HTMLResponse:
    """The empty form."""
    form = Form("", levels_of(level), times=times, wraps=wrap != "no")
    return _page(request, views, form, Explained())


@router.get("/log-explorer/", name="old_logs")
def old_logs(request: Request, views: ViewsOf, log: str = "") -> Response:
    """The address of the published pynmon: its lines are in the form, and are explained when somebody says so."""
    if not log:
        return RedirectResponse(str(request.url_for("logs").path), 301)
    return _page(request, views, Form(log.replace("\r\n", "\n")), Explained())


@router.get("/logs/explain", name="explained")
def explained(request: Request) -> RedirectResponse:
    """The form, for whoever was given the address of explained lines: these are not kept."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(str(request.url_for("logs").path) + query, 301)


@router.post("/logs/explain", name="explain")
async def explain(
    request: Request, source: SourceOf, views: ViewsOf, level: str = "", after: int = 0
) -> HTMLResponse:
    """The lines, and what they are about; sent by POST, so that no log of requests has it."""
    form = await _form(request, levels_of(level), after)
    turn = await _TURNS.take()
    try:
        return await run_in_threadpool(_explain, request, source, views, form)
    finally:
        turn.end()


@router.post("/logs/file", name="log_file")
async def log_file(request: Request, level: str = "") -> Response:
    """The lines of some levels as a file, exactly as they were sent."""
    return await run_in_threadpool(_file, await _form(request, levels_of(level)))


async def _form(request: Request, levels: Sequence[str], after: int = 0) -> Form:
    # A part of a form may be as long as the whole, which is bounded before it is read: see ``security``.
    form = await request.form(max_files=0, max_fields=8, max_part_size=2 * MOST_BYTES)
    text, times, wrap = (str(form.get(name, "")) for name in ("text", "times", "wrap"))
    known = Times(times) if times in list(Times) else Times.ABSOLUTE
    # As browsers send ends of lines.
    return Form(text.replace("\r\n", "\n"), levels, after, known, wrap != "no")


def _explain(request: Request, source: Source, views: Views, form: Form) -> HTMLResponse:
    if why := _too_much(form.text):
        return _page(request, views, form, Explained(why))
    lines = parse(form.text)
    known = look_up(source, lines)
    findings = findings_in(lines, known, source.now())
    return _page(request, views, form, Explained("", lines, known, findings, picture_of(lines, known)))


def _file(form: Form) -> Response:
    if why := _too_much(form.text):
        raise HTTPException(413, why)
    raw = lines_of(form.text)
    if form.levels:
        raw = [raw[line.number - 1] for line in parse(form.text) if line.level in form.levels]
    return Response(
        "".join(f"{line}\n" for line in raw).encode("utf-8", "replace"),
        media_type="application/octet-stream",
        headers={"Content-Disposition": 'attachment; filename="lines.log"'},
    )


def _too_much(text: str) -> str:
    """Why it is not explained; empty when it is."""
    sent, lines = len(text.encode("utf-8", "replace")), len(lines_of(text))
    if sent <= MOST_BYTES and lines <= MOST_LINES:
        return ""
    return (
        f"{TOO_MUCH}; these are {number(lines)} lines of {size(sent)}. "
        "Leave out what is not about it, for example what was written long before and after."
    )


def _page(request: Request, views: Views, form: Form, found: Explained) -> HTMLResponse:
    source: Source = request.app.state.source
    lines, now, field = found.lines, source.now(), typed(form.text)
    rows = LogRows(found.known, views.url_of(request), Instants(request.cookies.get(COOKIE, ""), now))
    part = part_of(lines, form.levels, form.after, rows.weigh, room_beside(field))
    window = found.picture.window if found.picture else None
    numbers = part.numbers

    def outside() -> Outside | None:
        template = source.settings.log_url_template
        return outside_of(part.lines, found.known, template, source.app_id) if template else None

    return views.page(
        request,
        "logs.html",
        now=now,
        status_code=413 if found.problem else 200,
        problem=found.problem,
        too_much=TOO_MUCH,
        most=(MOST_BYTES, MOST_LINES),
        form=form,
        typed=field,
        total=len(lines),
        part=part,
        rows=rows.rows(part, next((line.at for line in lines if line.at is not None), None)),
        outside=outside(),
        id_of=lambda line: line_id(lines[line - 1]),
        is_shown=lambda line: line in numbers,
        known=found.known,
        findings=found.findings,
        kinds=Counter(one.kind for one in found.findings),
        tasks=references(lines, "task"),
        drawing=found.picture,
        timeline=link(address(window.since, window.until)) if window else "",
        most_listed=_MOST_LISTED,
        chips=_chips(lines, form.levels),
        level=text_of(form.levels),
        levels=form.levels,
        most_parts=(MOST_PARTS, PART),
    )


@dataclass(frozen=True, slots=True)
class Chip:
    """A choice of levels."""

    word: str
    #: As an address says it.
    level: str
    number: int
    is_chosen: bool


def _chips(lines: Sequence[LogLine], levels: Sequence[str]) -> list[Chip]:
    """All lines, what went wrong, and each level: one more of those that are shown, or one less."""
    numbers: Mapping[str, int] = Counter(line.level for line in lines)
    return [
        Chip("all lines", "", len(lines), not levels),
        Chip("errors only", ONLY_ERRORS, sum(numbers[one] for one in ERRORS), tuple(levels) == ERRORS),
        *(
            Chip(one, toggled(levels, one), numbers[one], one in levels)
            for one in LEVELS
            if numbers[one] or one in levels
        ),
    ]
