"""The list of invocations, and one of them with everything that happened to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordPage, RecordQuery
from pynenc.values.records import HistoryEntry, InvocationRecord, OutcomeKind
from pynenc.values.status import InvocationStatus
from pynmon.family import ancestors_of, family_of
from pynmon.journey import journey_of
from pynmon.outside import log_url
from pynmon.pages.context import (
    RANGES,
    ActionsOf,
    SourceOf,
    ViewsOf,
    filters_of,
    question_of,
    seconds_of,
    statuses_of,
)
from pynmon.pages.facets import Asked, facets_of
from pynmon.pages.strip import strip_of
from pynmon.presentation import payloads
from pynmon.query.meaning import along_indexes
from pynmon.source import Source
from pynmon.views import Views

router = APIRouter()
SIZES = (25, 50, 100, 200)
_RANGE = "1h"
#: Of what an id may stand for so many are shown, and its end is looked for among so many.
_FOUND, _SUFFIX_LIMIT = 20, 50_000
#: Fewer characters lead to too many.
_LEAST = 4
#: What people ask for most often.
_QUICK = {
    word: urlencode({"q": query})
    for word, query in {
        "Failed": "status:failed",
        "Running": "status:running",
        "Stuck": "is:stuck",
        "Slow": "is:slow",
        "Retried": "is:retried",
        "Blocked": "is:blocked",
        "Open for long": "is:open created:>1h",
    }.items()
}
#: Repetitions of an invocation that are named.
_RERUNS = 5
_NOTHING = RecordPage((), None)
#: Members of a family that are read for its picture.
_FAMILY = 300


class ListForm(BaseModel):
    """What the address of a list says."""

    q: str = ""
    status: list[str] = []
    task: str = ""
    cursor: str = ""
    size: int = 50
    #: The window of the strip.
    range: str = _RANGE


@router.get("/invocations", name="invocations")
def invocations(
    request: Request, source: SourceOf, views: ViewsOf, form: Annotated[ListForm, Query()]
) -> HTMLResponse:
    """A page of the list."""
    if form.size not in SIZES:
        raise HTTPException(422, f"A page holds {', '.join(map(str, SIZES))} invocations, not {form.size}.")
    rest = [("status", name) for name in form.status] + ([("task", form.task)] if form.task else [])
    question = question_of(source, form.q, rest)
    others = filters_of(statuses_of(form.status), form.task)
    query = along_indexes([*question.conditions, *others])
    asked = Asked(form.q, form.status, form.task, "" if form.range == _RANGE else form.range)
    seconds = seconds_of(form.range)
    page, strip = _NOTHING, None
    if not question.problem:
        try:
            query = replace(query, cursor=form.cursor, limit=form.size)
            page = source.store.list_invocations(query)
        except ValueError as error:
            raise HTTPException(400, f"The address is damaged: {error}.") from error
        strip = strip_of(source, asked, question, others, seconds)
    filters = ([("q", form.q)] if form.q else []) + rest
    newest = [*filters, ("size", str(form.size)), ("range", form.range)]
    return views.page(
        request,
        "invocations.html",
        status_code=question.status_code,
        form=form,
        question=question,
        records=page.records,
        total=_total(source, query),
        statuses=statuses_of(form.status) or frozenset(),
        every_status=list(InvocationStatus),
        tasks=sorted(source.counts()),
        filters=urlencode(filters),
        older=urlencode([*newest, ("cursor", page.next)]) if page.next else "",
        newest=urlencode(newest),
        strip=strip,
        usual_range=_RANGE,
        ranges={name: asked.address(range=name) for name in RANGES},
        facets=facets_of(asked, query, page.records, source.counts()),
        is_filtered=bool(filters),
        quick=_QUICK,
        sizes=SIZES,
        search_limit=query.search_limit,
        is_short=page.next is not None and len(page.records) < form.size,
    )


def _total(source: Source, query: RecordQuery) -> int | None:
    """Exact, as the store maintains the numbers by task and status; None of what it has no numbers of."""
    if query.root_id is not None or query.where is not None:
        return None
    counts = source.counts()
    chosen = counts.values() if query.task_id is None else [counts.get(query.task_id, {})]
    return sum(
        n
        for by_status in chosen
        for status, n in by_status.items()
        if not query.statuses or status in query.statuses
    )


@router.get("/find", name="find")
def find(request: Request, source: SourceOf, views: ViewsOf, id: str = "") -> Response:
    """By the beginning or the end of an id, to the one invocation or a choice."""
    # As pages and log lines show it.
    wanted = id.strip().removeprefix("invocation:").removeprefix("…")
    if len(wanted) < _LEAST:
        raise HTTPException(422, "Type at least four characters of the id of an invocation.")
    found = source.store.find_by_prefix(wanted, _FOUND)
    ends = not found
    if ends:
        found = source.store.find_by_suffix(wanted, _FOUND, _SUFFIX_LIMIT)
    if len(found) == 1:
        return RedirectResponse(
            str(request.url_for("invocation", invocation_id=found[0].invocation_id).path), 303
        )
    return _found(request, views, wanted, found, ends=ends)


def _found(
    request: Request,
    views: Views,
    wanted: str,
    records: list[InvocationRecord],
    *,
    ends: bool = False,
    status_code: int = 200,
) -> HTMLResponse:
    """The choice among those whose ids begin, or end, so."""
    return views.page(
        request,
        "found.html",
        status_code=status_code,
        wanted=wanted,
        records=records,
        ends=ends,
        limit=_FOUND,
        search_limit=_SUFFIX_LIMIT,
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the history."""

    entry: HistoryEntry
    #: Seconds since the line before.
    after: float | None


@router.get("/invocations/{invocation_id}", name="invocation")
def invocation(
    request: Request, source: SourceOf, views: ViewsOf, actions: ActionsOf, invocation_id: str
) -> HTMLResponse:
    """One invocation."""
    wanted = InvocationId(invocation_id)
    record = source.store.get_invocations([wanted]).get(wanted)
    if record is None:
        # Somebody may have copied a part of the id.
        if len(wanted) >= _LEAST and (found := source.store.find_by_prefix(wanted, _FOUND)):
            return _found(request, views, wanted, found, status_code=404)
        raise HTTPException(
            404,
            f"There is no invocation {invocation_id!r}: it was never registered, or its retention is over.",
        )
    history = source.store.get_histories([wanted]).get(wanted, [])
    relatives = source.store.list_invocations(
        RecordQuery(root_id=record.root_id, oldest_first=True, limit=_FAMILY, search_limit=_FAMILY)
    )
    reruns = source.store.list_invocations(RecordQuery(rerun_of=wanted, limit=_RERUNS))
    stored = source.stored_payloads(wanted)
    template = source.settings.log_url
    now = source.now()
    return views.page(
        request,
        "invocation.html",
        now=now,
        record=record,
        steps=_steps(history),
        journey=journey_of(history, now),
        arguments=_arguments(source, record, stored),
        **_outcome(source, record, stored),
        log_url=log_url(template, source.app_id, record, now) if template else "",
        reruns=reruns.records,
        are_more_reruns=reruns.next is not None,
        ancestors=ancestors_of(relatives.records, record),
        family=family_of(relatives.records, record),
        family_is_cut=relatives.next is not None,
        family_size=len(relatives.records),
        is_final=record.status.is_final(),
        explanation=_explain(record, now),
        offer=actions.offer(record),
    )


def _steps(history: list[HistoryEntry]) -> list[Step]:
    befores = [None, *(entry.at for entry in history)]
    return [
        Step(entry, None if before is None else entry.at - before)
        for entry, before in zip(history, befores, strict=False)
    ]


def _arguments(
    source: Source, record: InvocationRecord, stored: dict[PayloadKind, str]
) -> list[payloads.Payload]:
    text = source.payload(record, PayloadKind.ARGUMENTS, stored)
    return [] if text is None else payloads.arguments_of(text)


def _outcome(source: Source, record: InvocationRecord, stored: dict[PayloadKind, str]) -> dict[str, Any]:
    outcome = record.outcome
    text = None if outcome is None else source.payload(record, PayloadKind.OUTCOME, stored)
    failed = outcome is not None and outcome.kind is OutcomeKind.EXCEPTION
    return {
        "traceback": payloads.traceback_of(text) if failed and text else "",
        "result": payloads.outcome_of(text, "result") if not failed and text is not None else None,
        "failed": failed,
    }


def _explain(record: InvocationRecord, now: float) -> str:
    """Why it is not further, in one sentence; empty when there is nothing to say."""
    status, kind = record.status, InvocationStatus
    if status in (kind.REGISTERED, kind.REROUTED, kind.RETRY):
        if record.available_at > now:
            return "It waits for its time: not claimable yet."
        return "It waits for a free runner."
    if status is kind.CONCURRENCY_CONTROLLED:
        return f"It waits for a place: at most {record.cc_limit} may run at a time under its key."
    if status is kind.PAUSED:
        return "It waits for the result of other invocations." if record.runner_id else "It sleeps."
    return ""
