"""What runs by itself, as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from pynmon.answers import Json, problems
from pynmon.api import models
from pynmon.cron_words import words_of
from pynmon.pages.context import SourceOf
from pynmon.pages.schedules import ALL_RUNS, RUNS, dues_after, masked_last_line, trigger_named
from pynmon.schedules import COUNTS, Schedule, lateness_of, missed_of, schedules_of

router = APIRouter(prefix="/api/v1", default_response_class=Json, responses=problems(401, 404, 503))


@router.get("/schedules", name="api_schedules")
def schedules(source: SourceOf) -> models.ScheduleList:
    """Every trigger, also of what runs by no clock."""
    runs = source.runs(None, ALL_RUNS)
    found = schedules_of(source.triggers.list_triggers(), runs, source.now())
    return models.ScheduleList(schedules=[_schedule(one) for one in found])


@router.get("/schedules/{trigger_id:path}", name="api_schedule")
def schedule(
    source: SourceOf,
    trigger_id: str,
    after: Annotated[str, Query(description="An instant in ISO 8601; empty for now.")] = "",
    count: Annotated[int, Query(description=f"One of {', '.join(map(str, COUNTS))}.")] = COUNTS[0],
) -> models.ScheduleDetail:
    """One trigger, and when it would be due after any instant; nothing is run."""
    trigger = trigger_named(source, trigger_id)
    now = source.now()
    due = dues_after(trigger, after, count, now)
    runs = source.runs(trigger_id, RUNS)
    missed = missed_of(trigger, runs, now)
    return models.ScheduleDetail(
        schedule=_schedule(*schedules_of([trigger], runs, now)),
        runs=[
            models.ScheduleRun(
                at=run.at,
                invocation_id=run.invocation_id,
                error=masked_last_line(run.error),
                late_seconds=lateness_of(trigger, run),
            )
            for run in runs
        ],
        due=[one.at for one in due],
        missed=missed.times if missed else [],
    )


def _schedule(one: Schedule) -> models.Schedule:
    return models.Schedule(
        trigger_id=one.trigger.trigger_id,
        task_id=one.trigger.task_id,
        text=one.trigger.text,
        words=words_of(one.trigger),
        state=one.state,
        next_at=one.next_at,
        latest_at=one.latest.at if one.latest else None,
        late_seconds=one.late,
    )
