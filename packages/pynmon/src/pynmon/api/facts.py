"""Invocations, tasks, workflows and runners as JSON: the questions, limits and cursors of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordPage, RecordQuery
from pynenc.values.notes import RunnerNotes
from pynenc.values.record_filter import RecordFilter
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.answers import Json, problems
from pynmon.api import models
from pynmon.declared import NOTHING, Declared
from pynmon.family import descendants_of
from pynmon.merged import merges_into
from pynmon.pages.context import SourceOf, asked, filters_of, seconds_of
from pynmon.progress import progress_of
from pynmon.query.grammar import QueryError
from pynmon.query.meaning import along_indexes
from pynmon.query.quantities import instant_of
from pynmon.source import Source
from pynmon.statistics import figures

#: Runners, members of a workflow, and invocations in hand: more are not read.
_MANY = 500
#: Waits of one invocation that are told.
_WAITS = 100


router = APIRouter(prefix="/api/v1", default_response_class=Json, responses=problems(401, 404, 503))
Statuses = Annotated[list[InvocationStatus], Query(default_factory=list)]
QueryText = Annotated[str, Query(description="A query, as on the page of invocations.")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/invocations", name="api_invocations")
def invocations(  # noqa: PLR0913, PLR0917 - one for each that the address may have
    source: SourceOf,
    status: Statuses,
    q: QueryText = "",
    task: str = "",
    root: Annotated[str, Query(description="Only the family that begins with this invocation.")] = "",
    cursor: str = "",
    before: Annotated[
        datetime | None, Query(description="Without a cursor: only what was registered before.")
    ] = None,
    limit: Limit = 50,
) -> models.InvocationPage:
    """Invocations, newest first."""
    query = along_indexes([*conditions_asked(source, q), *filters_of(status, task, root)])
    if before is not None and not cursor:
        cursor = source.store.find_cursor(instant_of(before.isoformat()))
    return _page(source, replace(query, cursor=cursor, limit=limit))


@router.get("/invocations/{invocation_id}", name="api_invocation")
def invocation(source: SourceOf, invocation_id: str) -> models.InvocationDetail:
    """One invocation with its history."""
    record = _record(source, invocation_id)
    history = source.store.get_histories([record.invocation_id]).get(record.invocation_id, [])
    waits = source.waits_of(record, _WAITS)
    merges = merges_into(source.store, [record]).get(record.invocation_id)
    return models.InvocationDetail(
        invocation=invocation_model(record),
        history=[models.HistoryEntry.model_validate(entry) for entry in history],
        waits_for=list(waits.on),
        waited_for_by=list(waits.by),
        merges=None if merges is None else models.Merges.model_validate(merges),
    )


@router.get("/tasks", name="api_tasks")
def tasks(source: SourceOf) -> models.TaskList:
    """Every task that was called or is declared, and how many of its invocations rest in each status."""
    counts = source.counts()
    declared = source.declared()
    return models.TaskList(
        tasks=[_task(key, counts.get(key, {}), declared) for key in sorted({*counts, *declared})]
    )


@router.get("/tasks/{task_id}", name="api_task")
def task(source: SourceOf, task_id: str, range: str = "1h") -> models.TaskDetail:
    """One task, and what became of its invocations in a window that ends now."""
    seconds = seconds_of(range)
    declared = source.declared()
    counts = source.counts().get(task_id, {} if task_id in declared else None)
    if counts is None:
        raise HTTPException(
            404, f"The store has no invocation of a task {task_id!r}, and nothing declares one here."
        )
    finished = source.finished(seconds)
    return models.TaskDetail(
        task=_task(task_id, counts, declared),
        variants=[
            models.TaskVariant(
                runners=variant.runners, options={one.name: one.value for one in variant.options}
            )
            for variant in declared.get(task_id, NOTHING).variants
        ],
        window_seconds=seconds,
        is_cut=len(finished) == source.settings.sample_limit,
        figures=models.Figures.model_validate(figures([row for row in finished if row.task_id == task_id])),
    )


@router.get("/workflows", name="api_workflows")
def workflows(
    source: SourceOf, status: Statuses, q: QueryText = "", cursor: str = "", limit: Limit = 50
) -> models.RunPage:
    """Runs of workflows, newest first."""
    query = along_indexes([*conditions_asked(source, q), *filters_of(status, "")])
    page = _listed(source, replace(query, workflows=True, cursor=cursor, limit=limit))
    progress = progress_of(source.store, page.records)
    return models.RunPage(
        invocations=[invocation_model(one) for one in page.records],
        next=page.next,
        progress={key: models.Progress.model_validate(one) for key, one in progress.items()},
    )


@router.get("/workflows/{workflow_id}", name="api_workflow")
def workflow(source: SourceOf, workflow_id: str) -> models.WorkflowDetail:
    """One run with what it called."""
    record = _record(source, workflow_id)
    query = RecordQuery(root_id=record.root_id, oldest_first=True, limit=_MANY, search_limit=_MANY + 1)
    page = source.store.list_invocations(query)
    members = descendants_of(page.records, record)
    return models.WorkflowDetail(
        run=invocation_model(record),
        members=[invocation_model(one) for one in members if one.invocation_id != record.invocation_id],
        is_cut=page.next is not None,
    )


@router.get("/runners", name="api_runners")
def runners(source: SourceOf) -> models.RunnerList:
    """Runners and their workers."""
    found = source.store.list_runners(_MANY)
    now = source.now()
    lease, _ = source.lease()
    return models.RunnerList(
        runners=[_runner(source, one, now) for one in found],
        leader=None if lease is None else models.Leader.model_validate(lease),
        is_cut=len(found) == _MANY,
    )


@router.get("/runners/{runner_id}", name="api_runner")
def runner(source: SourceOf, runner_id: str) -> models.RunnerDetail:
    """One runner or worker, and what is in its hands."""
    found = source.store.get_runners([runner_id]).get(runner_id)
    if found is None:
        raise HTTPException(
            404, f"There is no runner {runner_id!r}: it never beat, or its retention is over."
        )
    owned = source.store.list_owned(_MANY, runner_id)
    told = source.notes().get(runner_id, RunnerNotes())
    return models.RunnerDetail(
        runner=_runner(source, found, source.now()),
        owned=[invocation_model(one) for one in owned],
        version=told.code.version if told.code else None,
        tasks=sorted(told.code.tasks) if told.code else [],
        gaps=[models.Period.model_validate(one) for one in told.gaps],
        terms=[models.Period.model_validate(one) for one in told.terms],
    )


def _task(task_id: str, counts: dict[InvocationStatus, int], declared: Mapping[str, Declared]) -> models.Task:
    known = declared.get(task_id, NOTHING)
    return models.Task(
        task_id=task_id,
        counts=counts,
        is_known=known.is_here,
        runners=known.runners,
        is_disputed=known.is_disputed,
        triggers=[one.trigger_id for one in known.triggers],
    )


def conditions_asked(source: Source, q: str) -> list[RecordFilter]:
    """What the query of an address asks for."""
    try:
        return asked(source, q)
    except QueryError as error:
        raise HTTPException(422, f"{q[error.at : error.end]}: {error}.") from error


def _listed(source: Source, query: RecordQuery) -> RecordPage:
    try:
        return source.store.list_invocations(query)
    except ValueError as error:
        raise HTTPException(400, f"The cursor is damaged: {error}.") from error


def _page(source: Source, query: RecordQuery) -> models.InvocationPage:
    page = _listed(source, query)
    return models.InvocationPage(invocations=[invocation_model(one) for one in page.records], next=page.next)


def _record(source: Source, invocation_id: str) -> InvocationRecord:
    wanted = InvocationId(invocation_id)
    record = source.store.get_invocations([wanted]).get(wanted)
    if record is None:
        raise HTTPException(
            404,
            f"There is no invocation {invocation_id!r}: it was never registered, or its retention is over.",
        )
    return record


def invocation_model(record: InvocationRecord) -> models.Invocation:
    """A record as JSON."""
    return models.Invocation.model_validate(record)


def _runner(source: Source, one: RunnerRecord, now: float) -> models.Runner:
    identity = one.identity
    return models.Runner(
        runner_id=identity.runner_id,
        parent_id=identity.parent_id,
        runner_cls=identity.runner_cls,
        host=identity.host,
        pid=identity.pid,
        slots=identity.slots,
        state=source.rhythm.state_of(one, now),
        started_at=one.started_at,
        beats=one.beats,
        last_beat_at=one.last_beat_at,
        stopped_at=one.stopped_at,
        stop_reason=one.stop_reason,
        drains=one.drains,
    )
