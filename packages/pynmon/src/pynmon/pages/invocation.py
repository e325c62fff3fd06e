"""One invocation with everything that happened to it: as a page, and in short beside others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.records import HistoryEntry, InvocationRecord, OutcomeKind
from pynenc.values.status import InvocationStatus
from pynmon.declared import nobody_has
from pynmon.family import ancestors_of, family_of
from pynmon.journey import journey_of
from pynmon.machine import HIGH, WIDE, machine_of
from pynmon.merged import merges_into
from pynmon.outside import log_url
from pynmon.pages.context import ActionsOf, SourceOf, ViewsOf
from pynmon.pages.find import LEAST, MOST, found_page
from pynmon.presentation import payloads
from pynmon.presentation.code import code_of
from pynmon.source import MOST_OWNED, MOST_RUNNERS, SHOWN_CHARACTERS, Source

router = APIRouter()
#: Repetitions of an invocation that are named.
_RERUNS = 5
#: Invocations that it waits for, that wait for it, or that have the places that it waits for.
_WAITS = 20
#: Members of a family that are read for its picture.
_FAMILY = 300
#: And beside another page.
_NEAR = 100


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
        if len(wanted) >= LEAST and (others := source.store.find_by_prefix(wanted, MOST)):
            return found_page(request, views, wanted, others, status_code=404)
        raise HTTPException(
            404,
            f"There is no invocation {invocation_id!r}: it was never registered, or its retention is over.",
        )
    relatives = source.store.list_invocations(
        RecordQuery(root_id=record.root_id, oldest_first=True, limit=_FAMILY, search_limit=_FAMILY)
    )
    reruns = source.store.list_invocations(RecordQuery(rerun_of=wanted, limit=_RERUNS))
    on, by = _waits(source, record)
    template = source.settings.log_url_template
    facts = _facts(source, record)
    now = facts["now"]
    return views.page(
        request,
        "invocation.html",
        **facts,
        machine=machine_of([step.entry.status for step in facts["steps"]]),
        box=(WIDE, HIGH),
        log_url=log_url(template, source.app_id, record, now) if template else "",
        most_waits=_WAITS,
        waits_on=on,
        waited_by=by,
        holders=_holders(source, record),
        merges=merges_into(source.store, [record]).get(record.invocation_id),
        reruns=reruns.records,
        are_more_reruns=reruns.next is not None,
        ancestors=ancestors_of(relatives.records, record),
        family=family_of(relatives.records, record),
        family_is_cut=relatives.next is not None,
        family_size=len(relatives.records),
        offer=actions.offer(record),
    )


@router.get("/invocations/{invocation_id}/peek", name="peek")
def peek(source: SourceOf, views: ViewsOf, request: Request, invocation_id: str) -> HTMLResponse:
    """The same in short, to be put into another page."""
    wanted = InvocationId(invocation_id)
    record = source.store.get_invocations([wanted]).get(wanted)
    if record is None:
        raise HTTPException(404, f"There is no invocation {invocation_id!r} any more.")
    relatives = source.store.list_invocations(
        RecordQuery(root_id=record.root_id, oldest_first=True, limit=_NEAR, search_limit=_NEAR)
    )
    return views.page(
        request,
        "peek.html",
        **_facts(source, record),
        family=family_of(relatives.records, record),
        family_is_cut=relatives.next is not None,
        family_size=len(relatives.records),
    )


def _facts(source: Source, record: InvocationRecord) -> dict[str, Any]:
    """What both show."""
    history = source.store.get_histories([record.invocation_id]).get(record.invocation_id, [])
    stored = source.stored_payloads(record.invocation_id)
    text = source.payload(record, PayloadKind.ARGUMENTS, stored)
    now = source.now()
    return {
        "now": now,
        "record": record,
        "steps": _steps(history),
        "journey": journey_of(history, now),
        "arguments": [] if text is None else payloads.arguments_of(text),
        "code": "" if text is None else code_of(record.task_id, payloads.serialized_arguments(text)),
        **_outcome(source, record, stored),
        "is_final": record.status.is_final(),
        "explanation": _explain(source, record, now),
    }


def _waits(source: Source, record: InvocationRecord) -> tuple[list[InvocationRecord], list[InvocationRecord]]:
    """What it waits for, and who waits for it."""
    waits = source.waits_of(record, _WAITS)
    ids = [*waits.on, *waits.by]
    known = source.store.get_invocations(ids) if ids else {}
    on, by = ([known[one] for one in some if one in known] for some in waits)
    return on, by


def _holders(source: Source, record: InvocationRecord) -> list[InvocationRecord]:
    """Who has the places that it waits for, as far as they are among what is looked at."""
    if record.status is not InvocationStatus.CONCURRENCY_CONTROLLED:
        return []
    return [one for one in source.owned(MOST_OWNED) if one.cc_key == record.cc_key][:_WAITS]


def _steps(history: list[HistoryEntry]) -> list[Step]:
    befores = [None, *(entry.at for entry in history)]
    return [
        Step(entry, None if before is None else entry.at - before)
        for entry, before in zip(history, befores, strict=False)
    ]


def _outcome(source: Source, record: InvocationRecord, stored: dict[PayloadKind, str]) -> dict[str, Any]:
    outcome = record.outcome
    text = None if outcome is None else source.payload(record, PayloadKind.OUTCOME, stored)
    failed = outcome is not None and outcome.kind is OutcomeKind.EXCEPTION
    return {
        "traceback": payloads.traceback_of(text) if failed and text else "",
        "result": (
            None
            if failed or text is None
            else payloads.outcome_of(text, "result", is_cut=len(text) == SHOWN_CHARACTERS)
        ),
        "failed": failed,
        "has_file": text is not None and not payloads.has_secret("", text),
    }


def _explain(source: Source, record: InvocationRecord, now: float) -> str:
    """Why it is not further, in one sentence; empty when there is nothing to say."""
    status, kind = record.status, InvocationStatus
    if status in (kind.REGISTERED, kind.REROUTED, kind.RETRY):
        if record.available_at > now:
            return "It waits for its time: not claimable yet."
        return _nobody(source, record.task_id, now) or "It waits for a free runner."
    if status is kind.CONCURRENCY_CONTROLLED:
        return f"It waits for a place: at most {record.cc_limit} may run at a time under its key."
    if status is kind.PAUSED:
        return "It waits for the result of other invocations." if record.runner_id else "It sleeps."
    return ""


def _nobody(source: Source, task_id: str, now: float) -> str:
    """Why no runner takes a call of a task, as far as that can be told."""
    alive = [one for one in source.runners(MOST_RUNNERS) if source.rhythm.lives(one, now)]
    if not alive:
        return "No live runner accepts this task: none is alive. Start one with pynenc runner start."
    if nobody_has({task_id}, alive, source.notes()):
        return (
            "No live runner accepts this task: none declares it. One that may import its module does so with "
            "the first call; else it waits for a runner that has its code."
        )
    return ""
