"""What operators do, for programs that have a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from pynenc.exceptions import InvocationNotFoundError
from pynenc.values.ids import InvocationId
from pynmon.actions import ActionRefusedError
from pynmon.answers import Json, Problem
from pynmon.api import models
from pynmon.pages.actions import NEW_ID, actor_of, refusal_of
from pynmon.pages.context import ActionsOf

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
