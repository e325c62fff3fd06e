"""The hierarchy of one workflow: who called whom, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordPage, RecordQuery
from pynenc.values.record_filter import Like, TextField
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.critical_path import critical_path
from pynmon.family import descendants_of, family_of, shortened
from pynmon.pages.context import ActionsOf, SourceOf, ViewsOf, question_of
from pynmon.parallelism import parallelism
from pynmon.presentation.hierarchy import hierarchy
from pynmon.query.meaning import along_indexes
from pynmon.source import Source
from pynmon.waterfall import waterfall_of

router = APIRouter()
#: Members of one workflow that are read, lines that are drawn, failures whose paths are, and those that are listed.
_MEMBERS, _LINES, _FAILURES, _LISTED = 600, 300, 50, 10
#: Found by one search, and levels above it that are read.
_FOUND, _LEVELS = 50, 64


@router.get("/workflows/{workflow_id}", name="workflow")
def workflow(
    request: Request, source: SourceOf, views: ViewsOf, actions: ActionsOf, workflow_id: str, q: str = ""
) -> HTMLResponse:
    """One run as a tree beside a time scale; of a large one what failed, and the beginning of the rest."""
    wanted = InvocationId(workflow_id)
    record = source.store.get_invocations([wanted]).get(wanted)
    if record is None:
        raise HTTPException(
            404, f"There is no workflow {workflow_id!r}: it never began, or its retention is over."
        )
    question = question_of(source, q)
    query = RecordQuery(root_id=record.root_id, oldest_first=True, limit=_MEMBERS, search_limit=_MEMBERS + 1)
    page = source.store.list_invocations(query)
    failed = source.store.list_invocations(
        RecordQuery(root_id=record.root_id, statuses=frozenset({InvocationStatus.FAILED}), limit=_FAILURES)
    ).records
    is_search = bool(q) and not question.problem
    found = RecordPage((), None)
    if is_search:
        inside = Like(TextField.ROOT_ID, (record.root_id,))
        found = source.store.list_invocations(
            replace(along_indexes([*question.conditions, inside]), limit=_FOUND)
        )
    now = source.now()
    read = descendants_of(page.records, record)
    members = _with_callers(source, [*read, *(found.records if is_search else failed)], record)
    paths = _paths(members, found.records if is_search else failed)
    lines = family_of(
        [one for one in members if one.invocation_id in paths] if is_search else members, record
    )
    drawn = shortened(lines, _LINES, paths)
    critical = critical_path(members, record)
    return views.page(
        request,
        "workflow.html",
        status_code=question.status_code,
        now=now,
        record=record,
        is_final=record.status.is_final(),
        offer=actions.offer(record),
        number=len(read),
        is_cut=page.next is not None,
        counts=sorted(Counter(one.status for one in read).items()),
        parallelism=None if page.next else parallelism(read, now),
        question=question,
        is_search=is_search,
        found={one.invocation_id for one in found.records} & paths,
        is_more_found=found.next is not None,
        waterfall=waterfall_of(drawn, record.created_at, now),
        hierarchy=hierarchy,
        critical=critical if len(critical) > 1 else (),
        left_out=len(lines) - len(drawn),
        failures=failed[:_LISTED],
        depth=max((one.depth for one in members), default=record.depth) - record.depth,
    )


def _with_callers(
    source: Source, records: Iterable[InvocationRecord], top: InvocationRecord
) -> list[InvocationRecord]:
    """These and whoever called them, each once, as far as they are below the top one."""
    known = {top.invocation_id: top, **{one.invocation_id: one for one in records}}
    for _ in range(_LEVELS):
        callers = {one.parent_id for one in known.values() if one is not top and one.parent_id is not None}
        if not (missing := sorted(callers - known.keys())):
            break
        more = source.store.get_invocations(missing)
        known |= more
        if len(more) < len(missing):
            break  # of a family that is not kept whole
    # Callers first; those of one caller stay in their order.
    return descendants_of(sorted(known.values(), key=lambda one: (one.depth, one.created_at)), top)


def _paths(members: Sequence[InvocationRecord], ends: Iterable[InvocationRecord]) -> set[InvocationId]:
    """These and everything above them."""
    by_id = {one.invocation_id: one for one in members}
    found: set[InvocationId] = set()
    for end in ends:
        one = by_id.get(end.invocation_id)
        while one is not None and one.invocation_id not in found:
            found.add(one.invocation_id)
            one = by_id.get(one.parent_id) if one.parent_id else None
    return found
