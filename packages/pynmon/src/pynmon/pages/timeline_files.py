"""A timeline as files: a picture that stands alone, a trace for other viewers, a table."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response, StreamingResponse

from pynenc.values.status import InvocationStatus
from pynmon.answers import saved_as
from pynmon.pages.context import SourceOf, ViewsOf
from pynmon.pages.timeline_form import Drawn, TimelineForm, drawn
from pynmon.presentation.statuses import LOOKS
from pynmon.source import Source
from pynmon.timeline.colours import colours
from pynmon.timeline.groups import Label, Shade
from pynmon.timeline.trace import as_csv, as_trace

router = APIRouter()


class Form(StrEnum):
    """What kind of file."""

    TRACE = "trace"
    CSV = "csv"


class FileForm(TimelineForm):
    """A timeline, and the kind of file that is made of it."""

    form: Form = Form.TRACE


@router.get("/timeline.svg", name="timeline_svg")
def picture(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[TimelineForm, Query()]
) -> Response:
    """The picture with its colours and its legend; it needs nothing else to be shown."""
    now = source.now()
    shown = _drawn(source, form, now)
    text = views.text(
        request,
        "timeline_file.svg",
        now=now,
        drawing=shown.drawing,
        legend=_legend(shown),
        colours=colours(),
    )
    return Response(text, media_type="image/svg+xml", headers=saved_as("timeline.svg"))


@router.get("/export/timeline", name="export_timeline")
def export(source: SourceOf, form: Annotated[FileForm, Query()]) -> StreamingResponse:
    """Each span that the picture shows."""
    now = source.now()
    shown = _drawn(source, form, now)
    if shown.drawing.density:
        raise HTTPException(
            422, f"More than {form.limit} ended in this window: choose a shorter one, or ask for less of it."
        )
    if form.form is Form.CSV:
        return StreamingResponse(
            as_csv(shown.groups), media_type="text/csv", headers=saved_as("timeline.csv")
        )
    lines = as_trace(shown.groups, now)
    return StreamingResponse(lines, media_type="application/json", headers=saved_as("timeline.json"))


def _drawn(source: Source, form: TimelineForm, now: float) -> Drawn:
    shown = drawn(source, form, now)
    if (problem := shown.question.problem) is not None:
        raise HTTPException(422, f"{form.q[problem.at : problem.end]}: {problem}.")
    return shown


def _legend(shown: Drawn) -> list[Shade]:
    if shown.paint.shades is not None:
        return shown.paint.shades
    seen = Counter([span.status for span in shown.work.spans])
    return [
        Shade(LOOKS[status].css, Label("", LOOKS[status].word)) for status in InvocationStatus if seen[status]
    ]
