"""What operators do, for programs that have a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request

from pynenc.exceptions import InvocationNotFoundError, TriggerError
from pynenc.values.ids import InvocationId
from pynmon.actions import ActionRefusedError
from pynmon.answers import Json, Problem
from pynmon.api import models
from pynmon.pages.actions import FINGERPRINT, NEW_ID, actor_of, refusal_of, take_work
from pynmon.pages.context import ActionsOf, SourceOf

router = APIRouter(
    prefix="/api/v1",
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


@router.post("/invocations/{invocation_id}/rerun", name="api_rerun")
def rerun(
    request: Request,
    actions: ActionsOf,
    invocation_id: str,
    new_id: Annotated[
        str,
        Query(description="A UUID of version 7: with the same one it is made once.", pattern=f"{NEW_ID}|^$"),
    ] = "",
) -> models.Made:
    """Make the stored call of an invocation that has ended again."""
    actor = actor_of(request, request.headers.get("x-form-token", ""))
    try:
        made = actions.rerun(actor, invocation_id, InvocationId(new_id or actions.reserve_id()))
    except (InvocationNotFoundError, ActionRefusedError) as error:
        raise refusal_of(error, invocation_id) from error
    return models.Made(invocation_id=made)


@router.post("/invocations/{invocation_id}/cancel", name="api_cancel")
def cancel(
    request: Request,
    actions: ActionsOf,
    invocation_id: str,
    cascade: Annotated[bool, Query(description="With whatever it called that is open.")] = False,
    reason: Annotated[str, Query(max_length=200)] = "",
) -> models.Made:
    """Cancel an invocation that is open."""
    actor = actor_of(request, request.headers.get("x-form-token", ""))
    try:
        actions.cancel(actor, invocation_id, cascade=cascade, reason=reason.strip())
    except (InvocationNotFoundError, ActionRefusedError) as error:
        raise refusal_of(error, invocation_id) from error
    return models.Made(invocation_id=invocation_id)


@router.post("/failures/{fingerprint}/acknowledge", name="api_acknowledge")
def acknowledge(
    request: Request,
    actions: ActionsOf,
    fingerprint: Annotated[str, Path(pattern=FINGERPRINT)],
    note: Annotated[str, Query(max_length=200)] = "",
) -> models.Done:
    """Say that a kind of failure is known."""
    actor = actor_of(request, request.headers.get("x-form-token", ""))
    actions.acknowledge(actor, fingerprint, note.strip())
    return models.Done()


@router.post("/runners/{runner_id}/recover", name="api_recover")
def recover(
    request: Request,
    source: SourceOf,
    actions: ActionsOf,
    runner_id: str,
    typed: Annotated[
        str, Query(max_length=50, description="Of one that lives the beginning of its id: eight characters.")
    ] = "",
) -> models.Recovered:
    """Give what a runner and its workers have in hand to others."""
    actor = actor_of(request, request.headers.get("x-form-token", ""))
    return models.Recovered(number=take_work(source, actions, actor, runner_id, typed))


@router.post("/schedules/{trigger_id:path}/pause", name="api_pause")
def pause(request: Request, actions: ActionsOf, trigger_id: str) -> models.Done:
    """Have a trigger leave alone whatever happens."""
    return _pause(request, actions, trigger_id, paused=True)


@router.post("/schedules/{trigger_id:path}/resume", name="api_resume")
def resume(request: Request, actions: ActionsOf, trigger_id: str) -> models.Done:
    """Have a trigger react again."""
    return _pause(request, actions, trigger_id, paused=False)


def _pause(request: Request, actions: ActionsOf, trigger_id: str, *, paused: bool) -> models.Done:
    actor = actor_of(request, request.headers.get("x-form-token", ""))
    try:
        actions.pause(actor, trigger_id, paused=paused)
    except ActionRefusedError as error:
        raise HTTPException(409, str(error)) from error
    except TriggerError as error:
        raise HTTPException(404, f"There is no trigger {trigger_id!r}.") from error
    return models.Done()
