"""The list of invocations as a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse

from pynmon.exports import as_csv, as_ndjson
from pynmon.pages.context import SourceOf, filters_of, query_of, statuses_of
from pynmon.query.grammar import QueryError

router = APIRouter()


class Form(StrEnum):
    """What kind of file."""

    CSV = "csv"
    NDJSON = "ndjson"


_MADE_BY = {Form.CSV: (as_csv, "text/csv"), Form.NDJSON: (as_ndjson, "application/x-ndjson")}


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
    make, media_type = _MADE_BY[form]
    return StreamingResponse(
        make(source.store, query),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="invocations.{form}"'},
    )
