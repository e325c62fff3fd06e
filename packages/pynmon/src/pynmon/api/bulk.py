"""Many invocations at once, for programs that have a token."""

from __future__ import annotations

from fastapi import APIRouter

from pynmon.answers import Json, problems
from pynmon.api import models
from pynmon.api.callers import CallerOf
from pynmon.bulk.jobs import Job
from pynmon.bulk.scope import count
from pynmon.pages import bulk
from pynmon.pages.context import SourceOf

router = APIRouter(
    prefix="/api/v1/bulk", default_response_class=Json, responses=problems(401, 403, 404, 409, 503)
)


@router.post("/preview", name="api_bulk_preview")
def preview(source: SourceOf, asked: bulk.Asked, caller: CallerOf) -> models.BulkPreview:
    """What would be done, and what would be left alone; nothing is changed."""
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
def start(source: SourceOf, jobs: bulk.JobsOf, confirmed: bulk.Confirmed, caller: CallerOf) -> models.BulkJob:
    """Begin what a dry run counted."""
    return _job(jobs.start(caller, bulk.order_of(source, jobs, confirmed)))


@router.get("/{job_id}", name="api_bulk_job")
def show(jobs: bulk.JobsOf, job_id: str) -> models.BulkJob:
    """How far it is."""
    return _job(bulk.find(jobs, job_id))


@router.post("/{job_id}/stop", name="api_bulk_stop")
def stop(jobs: bulk.JobsOf, job_id: str, caller: CallerOf) -> models.BulkJob:
    """Have it end after its present step."""
    job = bulk.find(jobs, job_id)
    jobs.stop(caller, job)
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
