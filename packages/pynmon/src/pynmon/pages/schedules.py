"""What runs by itself: each trigger, when it is due, and what became of its runs."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.triggers import TriggerRun
from pynmon.pages.context import ActionsOf, SourceOf, ViewsOf
from pynmon.presentation.payloads import masked_text
from pynmon.schedules import (
    TriggerState,
    day_of,
    dues_of,
    last_line,
    lateness_of,
    schedules_of,
    state_of,
    zones_of,
)
from pynmon.source import Source

router = APIRouter()
#: Latest runs of all triggers together that the list is made of, and of one trigger that are shown.
_ALL_RUNS, _RUNS = 500, 50
#: Tracebacks that are shown, of those that differ.
_ERRORS = 3
#: Times that are shown ahead.
_DUES = 5


@router.get("/schedules", name="schedules")
def schedules(request: Request, source: SourceOf, views: ViewsOf) -> HTMLResponse:
    """All of them."""
    runs = source.runs(None, _ALL_RUNS)
    now = source.now()
    found = schedules_of(source.triggers.list_triggers(), runs, now)
    return views.page(
        request,
        "schedules.html",
        now=now,
        schedules=found,
        day=day_of(found, now),
        states={state: sum(one.state is state for one in found) for state in TriggerState},
        invocations=_invocations(source, (one.latest for one in found if one.latest)),
        last_line=_last_line,
        runs=len(runs),
        is_cut=len(runs) == _ALL_RUNS,
    )


@router.get("/schedules/{trigger_id:path}", name="schedule")
def schedule(
    request: Request, source: SourceOf, views: ViewsOf, actions: ActionsOf, trigger_id: str
) -> HTMLResponse:
    """One of them, with its latest runs."""
    trigger = next((one for one in source.triggers.list_triggers() if one.trigger_id == trigger_id), None)
    if trigger is None:
        raise HTTPException(
            404, f"There is no trigger {trigger_id!r}: no runner has it, nor the code of this monitor."
        )
    runs = source.runs(trigger_id, _RUNS)
    now = source.now()
    return views.page(
        request,
        "schedule.html",
        now=now,
        trigger=trigger,
        state=state_of(trigger),
        dues=dues_of(trigger, now, _DUES),
        zones=zones_of(trigger),
        runs=runs,
        failed=sum(bool(run.error) for run in runs),
        invocations=_invocations(source, runs),
        errors=_errors(runs),
        last_line=_last_line,
        lateness=lambda run: lateness_of(trigger, run),
        limit=_RUNS,
        new_id=actions.reserve_id(),
    )


def _errors(runs: Iterable[TriggerRun]) -> list[tuple[str, float]]:
    """What failed, each traceback once, with the last time that it did; latest first."""
    latest: dict[str, float] = {}
    for run in runs:
        if run.error:
            latest.setdefault(masked_text(run.error), run.at)
    return list(latest.items())[:_ERRORS]


def _invocations(source: Source, runs: Iterable[TriggerRun]) -> dict[InvocationId, InvocationRecord]:
    """What runs registered, as far as it is kept."""
    ids = [run.invocation_id for run in runs if run.invocation_id is not None]
    return source.store.get_invocations(ids) if ids else {}


def _last_line(error: str) -> str:
    return masked_text(last_line(error))
