"""What runs by itself: each trigger, when it is due, and what became of its runs."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.trigger.trigger_info import TriggerInfo
from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.triggers import TriggerRun
from pynmon.cron_words import words_of
from pynmon.pages.context import ActionsOf, SourceOf, ViewsOf
from pynmon.presentation.payloads import masked_text
from pynmon.schedules import (
    COUNTS,
    Due,
    TriggerState,
    day_of,
    incomplete_of,
    last_line,
    lateness_of,
    missed_of,
    needs_all,
    schedules_of,
    state_of,
    trial_of,
    zones_of,
)
from pynmon.source import Source

router = APIRouter()
#: Latest runs of all triggers together that the list is made of, and of one trigger that are shown.
ALL_RUNS, RUNS = 500, 50
#: Tracebacks that are shown, of those that differ.
_ERRORS = 3
#: Times without a run that are shown.
_MISSED = 10
#: What waits for other things, at most.
_HALVES = 100


@router.get("/schedules", name="schedules")
def schedules(request: Request, source: SourceOf, views: ViewsOf) -> HTMLResponse:
    """All of them."""
    runs = source.runs(None, ALL_RUNS)
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
        last_line=masked_last_line,
        words_of=words_of,
        runs=len(runs),
        is_cut=len(runs) == ALL_RUNS,
    )


@router.get("/schedules/{trigger_id:path}", name="schedule")
def schedule(  # noqa: PLR0913, PLR0917 - one for each that the address may have
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    actions: ActionsOf,
    trigger_id: str,
    after: str = "",
    count: int = COUNTS[0],
) -> HTMLResponse:
    """One of them, with its latest runs, and when it would be due behind any instant."""
    trigger = trigger_named(source, trigger_id)
    runs = source.runs(trigger_id, RUNS)
    now = source.now()
    return views.page(
        request,
        "schedule.html",
        now=now,
        trigger=trigger,
        state=state_of(trigger),
        dues=dues_after(trigger, after, count, now),
        after=after,
        count=count,
        counts=COUNTS,
        words=words_of(trigger),
        missed=missed_of(trigger, runs, now),
        most_missed=_MISSED,
        zones=zones_of(trigger),
        incomplete=incomplete_of(trigger, source.triggers.list_halves(trigger_id, _HALVES))
        if needs_all(trigger)
        else None,
        runs=runs,
        failed=sum(bool(run.error) for run in runs),
        invocations=_invocations(source, runs),
        errors=_errors(runs),
        last_line=masked_last_line,
        lateness=lambda run: lateness_of(trigger, run),
        limit=RUNS,
        new_id=actions.reserve_id(),
    )


def trigger_named(source: Source, trigger_id: str) -> TriggerInfo:
    """The trigger of an address."""
    found = next((one for one in source.triggers.list_triggers() if one.trigger_id == trigger_id), None)
    if found is None:
        raise HTTPException(
            404, f"There is no trigger {trigger_id!r}: no runner has it, nor the code of this monitor."
        )
    return found


def dues_after(trigger: TriggerInfo, after: str, count: int, now: float) -> list[Due]:
    """The times that an address asks for."""
    try:
        return trial_of(trigger, after, count, now)
    except ValueError as error:
        raise HTTPException(422, f"Times cannot be shown: {error}.") from error


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


def masked_last_line(error: str) -> str:
    """What an exception said, as anybody may see it."""
    return masked_text(last_line(error))
