"""Many invocations at once, for programs that have a token."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request

from pynmon.actions import ActionRefusedError
from pynmon.answers import Json, Problem
from pynmon.api import models
from pynmon.bulk.jobs import Job
from pynmon.bulk.scope import count
from pynmon.pages import bulk
from pynmon.pages.actions import actor_of
from pynmon.pages.context import SourceOf

router = APIRouter(
    prefix="/api/v1/bulk",
    default_response_class=Json,
    responses={
        code: {"model": Problem, "description": text}
        for code, text in (
            (401, "Not logged in."),
            (403, "Not permitted."),
            (404, "There is no such thing."),
            (409, "Not possible now."),
            (503, "The store is away."),
        )
    },
)


@router.post("/preview", name="api_bulk_preview")
def preview(request: Request, source: SourceOf, asked: bulk.Asked) -> models.BulkPreview:
    """What would be done, and what would be left alone; nothing is changed."""
    actor_of(request, request.headers.get("x-form-token", ""))
    scope = bulk.scope_of(source, asked, source.now())
    counted = count(source.store, scope, asked.action)
    return models.BulkPreview(
        scope=scope.text,
        until=scope.until,
        expected=counted.expected,
        eligible=counted.eligible,
        refused=dict(counted.refused),
        is_exact=counted.is_exact,
    )


@router.post("", name="api_bulk_start")
def start(request: Request, source: SourceOf, jobs: bulk.JobsOf, confirmed: bulk.Confirmed) -> models.BulkJob:
    """Begin what a dry run counted."""
    actor = actor_of(request, request.headers.get("x-form-token", ""))
    try:
        return _job(jobs.start(actor, bulk.order_of(source, jobs, confirmed)))
    except ActionRefusedError as error:
        raise HTTPException(409, str(error)) from error


@router.get("/{job_id}", name="api_bulk_job")
def show(jobs: bulk.JobsOf, job_id: str) -> models.BulkJob:
    """How far it is."""
    return _job(bulk.find(jobs, job_id))


@router.post("/{job_id}/stop", name="api_bulk_stop")
def stop(request: Request, jobs: bulk.JobsOf, job_id: str) -> models.BulkJob:
    """Have it end after its present step."""
    actor = actor_of(request, request.headers.get("x-form-token", ""))
    job = bulk.find(jobs, job_id)
    try:
        jobs.stop(actor, job)
    except ActionRefusedError as error:
        raise HTTPException(409, str(error)) from error
    return _job(job)


def _job(job: Job) -> models.BulkJob:
    order = job.order
    return models.BulkJob(
        job_id=order.job_id,
        action=order.action,
        scope=order.scope.text,
        state=job.state,
        limit=order.limit,
        looked_at=job.looked_at,
        done=job.done,
        refused=dict(job.refused.copy()),
        latest=list(job.latest),
        problem=job.problem,
    )
