"""Many invocations at once: what would happen, the confirmation of it, and how far it is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, BeforeValidator, Field

from pynenc.values.ids import InvocationId
from pynmon.access import require_form_token
from pynmon.bulk.jobs import MOST_FOR_OPERATORS, Job, Jobs, JobState, Order
from pynmon.bulk.scope import COUNTED_AT_MOST, MOST_CHOSEN, BulkAction, Scope, count
from pynmon.identity import Role
from pynmon.pages.actions import SenderOf, actor_of
from pynmon.pages.context import SourceOf, ToOf, ViewsOf, filters_of, query_of, statuses_of
from pynmon.presentation.texts import iso, plural
from pynmon.query.grammar import QueryError
from pynmon.source import Source

router = APIRouter()
#: More have to be confirmed by typing their number, whatever is done with them.
_UNTYPED = 100


def _each(ids: Any) -> Any:
    """Ids that a page writes into one field: a field for each is a node for each."""
    is_texts = isinstance(ids, list) and all(isinstance(one, str) for one in ids)
    return [one for text in ids for one in text.split()] if is_texts else ids


class Asked(BaseModel):
    """What should be done with what."""

    action: BulkAction
    q: Annotated[str, Field(max_length=2000, description="A query, as on the page of invocations.")] = ""
    status: list[str] = []
    task: Annotated[str, Field(max_length=500)] = ""
    id: Annotated[
        list[str],
        BeforeValidator(_each),
        Field(max_length=MOST_CHOSEN, description="Only these; then nothing else is looked at."),
    ] = []


class Confirmed(Asked):
    """The same, confirmed after a dry run."""

    job_id: Annotated[
        str, Field(pattern="^([0-9a-f]{12})?$", description="With the same one a job is begun once.")
    ] = ""
    until: Annotated[
        float,
        Field(
            ge=0,
            allow_inf_nan=False,
            description="As the dry run said: what was registered later is left alone.",
        ),
    ]
    expected: Annotated[
        str, Field(pattern=r"^[0-9]{1,7}\+?$", description="As the dry run said: no more are acted upon.")
    ]
    cascade: bool = False
    reason: Annotated[str, Field(max_length=200)] = ""


class AskedForm(Asked):
    """As the list of invocations sends it."""

    form_token: str = ""


class ConfirmedForm(Confirmed):
    """As the dry run's page sends it."""

    typed: Annotated[str, Field(max_length=20)] = ""
    form_token: str = ""


async def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


JobsOf = Annotated[Jobs, Depends(_jobs)]


@router.post("/bulk/preview", name="bulk_preview")
def preview(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    jobs: JobsOf,
    form: Annotated[AskedForm, Form()],
) -> HTMLResponse:
    """A dry run: what would be done, and what would be left alone. Nothing is changed."""
    identity = require_form_token(request, form.form_token)
    scope = scope_of(source, form, source.now())
    counted = count(source.store, scope, form.action)
    return views.page(
        request,
        "bulk_preview.html",
        form=form,
        scope=scope,
        counted=counted,
        counted_at_most=COUNTED_AT_MOST,
        limit=limit_of(jobs, counted.expected),
        is_too_much=limit_of(jobs, counted.expected) > MOST_FOR_OPERATORS and identity.role < Role.ADMIN,
        most_for_operators=MOST_FOR_OPERATORS,
        is_typed=is_typed(form.action, counted.expected),
        job_id=jobs.reserve_id(),
    )


@router.post("/bulk", name="bulk_start")
def start(
    request: Request, to: ToOf, source: SourceOf, jobs: JobsOf, form: Annotated[ConfirmedForm, Form()]
) -> RedirectResponse:
    """To the page of the job."""
    actor = actor_of(request, form.form_token)
    if is_typed(form.action, form.expected) and form.typed.strip() != form.expected:
        raise HTTPException(409, f"It was not confirmed: go back, and type {form.expected}.")
    return to("bulk_job", job_id=jobs.start(actor, order_of(source, jobs, form)).order.job_id)


@router.get("/bulk/{job_id}", name="bulk_job")
def show(request: Request, source: SourceOf, views: ViewsOf, jobs: JobsOf, job_id: str) -> HTMLResponse:
    """How far it is, and what it did last."""
    job = find(jobs, job_id)
    # Before anything else, so that a page that says that it is over shows all of it, and need not look again.
    state = job.state
    latest = job.latest
    return views.page(
        request,
        "bulk_job.html",
        job=job,
        state=state,
        is_over=state is not JobState.RUNNING,
        latest=list(source.store.get_invocations(latest).values())[::-1] if latest else [],
    )


@router.post("/bulk/{job_id}/stop", name="bulk_stop")
def stop(to: ToOf, jobs: JobsOf, sender: SenderOf, job_id: str) -> RedirectResponse:
    """Back to the job."""
    job = find(jobs, job_id)
    jobs.stop(sender, job)
    return to("bulk_job", job_id=job_id)


def scope_of(source: Source, form: Asked, until: float) -> Scope:
    """What a form is about, of what was registered until an instant."""
    if form.id:
        chosen = tuple(map(InvocationId, dict.fromkeys(form.id)))
        return Scope(text=plural(len(chosen), "chosen invocation"), until=until, ids=chosen)
    try:
        query = query_of(source, form.q, *filters_of(statuses_of(form.status), form.task), now=until)
    except QueryError as error:
        raise HTTPException(422, f"{form.q[error.at : error.end]}: {error}.") from error
    named = [form.q, f"status:{','.join(form.status)}" if form.status else ""]
    named.append(f"task:{form.task}" if form.task else "")
    words = " ".join(filter(None, named))
    return Scope(
        text=f"{words or 'every invocation'}, registered until {iso(until)}", until=until, query=query
    )


def order_of(source: Source, jobs: Jobs, form: Confirmed) -> Order:
    """What a confirmed form orders."""
    return Order(
        job_id=form.job_id or jobs.reserve_id(),
        action=form.action,
        scope=scope_of(source, form, min(form.until, source.now())),
        limit=limit_of(jobs, form.expected),
        cascade=form.cascade,
        reason=form.reason.strip(),
    )


def is_typed(action: BulkAction, expected: str) -> bool:
    """Whether the number has to be typed: what cannot be undone, and what is much."""
    return action is BulkAction.CANCEL or expected.endswith("+") or int(expected) > _UNTYPED


def limit_of(jobs: Jobs, expected: str) -> int:
    """How many a job may act upon: those that were confirmed; any number where they were not counted to their end."""
    return jobs.limit if expected.endswith("+") else min(jobs.limit, int(expected))


def find(jobs: Jobs, job_id: str) -> Job:
    """A job, or the answer that there is none."""
    job = jobs.find(job_id)
    if job is None:
        raise HTTPException(
            404,
            f"There is no bulk action {job_id!r}: it ended with another run of the monitor. See the audit.",
        )
    return job
