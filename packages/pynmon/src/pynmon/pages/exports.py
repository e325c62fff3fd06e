"""The list of invocations, and the audit, as files."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import StreamingResponse

from pynmon.answers import saved_as
from pynmon.audit import Audit
from pynmon.exports import as_csv, as_ndjson, audit_as_csv, audit_as_ndjson
from pynmon.pages.context import SourceOf, filters_of, query_of, statuses_of
from pynmon.query.grammar import QueryError

router = APIRouter()


class Form(StrEnum):
    """What kind of file."""

    CSV = "csv"
    NDJSON = "ndjson"


_TYPES = {Form.CSV: "text/csv", Form.NDJSON: "application/x-ndjson"}


@router.get("/export/invocations", name="export")
def export(
    source: SourceOf,
    form: Form = Form.CSV,
    q: str = "",
    status: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    task: str = "",
) -> StreamingResponse:
    """Whatever a query finds, newest first."""
    try:
        query = query_of(source, q, *filters_of(statuses_of(status), task))
    except QueryError as error:
        raise HTTPException(422, f"{q[error.at : error.end]}: {error}.") from error
    make = as_csv if form is Form.CSV else as_ndjson
    return _file("invocations", form, make(source.store, query))


@router.get("/export/audit", name="export_audit")
def export_audit(request: Request, form: Form = Form.CSV) -> StreamingResponse:
    """All of it, oldest first."""
    audit: Audit = request.app.state.audit
    make = audit_as_csv if form is Form.CSV else audit_as_ndjson
    return _file("audit", form, make(audit.every()))


def _file(name: str, form: Form, lines: Iterator[str]) -> StreamingResponse:
    return StreamingResponse(lines, media_type=_TYPES[form], headers=saved_as(f"{name}.{form}"))
