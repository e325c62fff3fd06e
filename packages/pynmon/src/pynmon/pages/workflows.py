"""Workflows, and the hierarchy of one: who called whom, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordPage, RecordQuery
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.critical_path import critical_path
from pynmon.family import Line, descendants_of, family_of
from pynmon.pages.context import ActionsOf, SourceOf, ViewsOf, filters_of, question_of, statuses_of
from pynmon.query.meaning import along_indexes

router = APIRouter()
#: Members of one workflow that are read, lines that are drawn, and failures that are listed besides.
_MEMBERS, _LINES, _FAILURES = 1_000, 300, 10


@router.get("/workflows", name="workflows")
def workflows(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    status: Annotated[list[str], Query(default_factory=list)],
    q: str = "",
    cursor: str = "",
) -> HTMLResponse:
    """The runs, newest first."""
    rest = [("status", name) for name in status]
    question = question_of(source, q, rest)
    query = along_indexes([*question.conditions, *filters_of(statuses_of(status), "")])
    page = RecordPage((), None)
    if not question.problem:
        try:
            page = source.store.list_invocations(replace(query, workflows=True, cursor=cursor))
        except ValueError as error:
            raise HTTPException(400, f"The address is damaged: {error}.") from error
    kept = ([("q", q)] if q else []) + rest
    return views.page(
        request,
        "workflows.html",
        status_code=question.status_code,
        question=question,
        records=page.records,
        older=urlencode([*kept, ("cursor", page.next)]) if page.next else "",
        newest=urlencode(kept),
        cursor=cursor,
        chosen=status,
        search_limit=query.search_limit,
        is_short=page.next is not None and len(page.records) < query.limit,
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """When a line waited and ran, on a scale from 0 to 1000."""

    line: Line
    #: From its registration to its start.
    wait_x: float
    wait_width: float
    run_x: float
    run_width: float


@router.get("/workflows/{workflow_id}", name="workflow")
def workflow(
    request: Request, source: SourceOf, views: ViewsOf, actions: ActionsOf, workflow_id: str
) -> HTMLResponse:
    """One run as a tree beside a time scale."""
    wanted = InvocationId(workflow_id)
    record = source.store.get_invocations([wanted]).get(wanted)
    if record is None:
        raise HTTPException(
            404, f"There is no workflow {workflow_id!r}: it never began, or its retention is over."
        )
    query = RecordQuery(root_id=record.root_id, oldest_first=True, limit=_MEMBERS, search_limit=_MEMBERS + 1)
    page = source.store.list_invocations(query)
    members = descendants_of(page.records, record)
    failed = RecordQuery(
        root_id=record.root_id, statuses=frozenset({InvocationStatus.FAILED}), limit=_FAILURES
    )
    now = source.now()
    lines = family_of(members, record)
    return views.page(
        request,
        "workflow.html",
        now=now,
        record=record,
        is_final=record.status.is_final(),
        offer=actions.offer(record),
        number=len(members),
        is_cut=page.next is not None,
        counts=sorted(Counter(one.status for one in members).items()),
        bars=_bars(lines[:_LINES], record.created_at, now),
        critical=critical_path(members, record),
        left_out=len(lines) - _LINES,
        failures=source.store.list_invocations(failed).records,
        depth=max((line.depth for line in lines), default=0),
    )


def _bars(lines: Sequence[Line], begin: float, now: float) -> list[Bar]:
    end = max((_end_of(one, now) for line in lines for one in line.members), default=now)
    scale = 1000 / max(end - begin, 0.001)

    def x(at: float) -> float:
        return round((at - begin) * scale, 1)

    bars = []
    for line in lines:
        registered = min(one.created_at for one in line.members)
        started = min((_start_of(one, now) for one in line.members), default=now)
        ended = max(_end_of(one, now) for one in line.members)
        bars.append(
            Bar(
                line,
                x(registered),
                max(0.0, x(started) - x(registered)),
                x(started),
                max(3.0, x(ended) - x(started)),
            )
        )
    return bars


def _start_of(record: InvocationRecord, now: float) -> float:
    return record.started_at if record.started_at is not None else _end_of(record, now)


def _end_of(record: InvocationRecord, now: float) -> float:
    return record.ended_at if record.ended_at is not None else max(now, record.created_at)
