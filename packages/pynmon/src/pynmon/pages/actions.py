"""The forms of operators: each is sent by POST, and answered with the page that shows what came of it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import RedirectResponse

from pynenc.exceptions import InvocationNotFoundError, TriggerError
from pynenc.values.ids import InvocationId
from pynmon.access import address_of, require_form_token
from pynmon.actions import ActionRefusedError, Actions, Actor
from pynmon.pages.context import ActionsOf, SourceOf
from pynmon.source import Source

router = APIRouter()
#: What tells kinds of failure apart.
FINGERPRINT = "^[0-9a-f]{16}$"
#: The text of a UUID of version 7.
NEW_ID = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


@router.post("/invocations/{invocation_id}/rerun", name="rerun")
def rerun(
    request: Request,
    actions: ActionsOf,
    invocation_id: str,
    new_id: Annotated[str, Form(pattern=NEW_ID)],
    form_token: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """To the new invocation."""
    actor = actor_of(request, form_token)
    try:
        made = actions.rerun(actor, invocation_id, InvocationId(new_id))
    except (InvocationNotFoundError, ActionRefusedError) as error:
        raise refusal_of(error, invocation_id) from error
    return RedirectResponse(str(request.url_for("invocation", invocation_id=made).path), 303)


@router.post("/invocations/{invocation_id}/cancel", name="cancel")
def cancel(
    request: Request,
    actions: ActionsOf,
    invocation_id: str,
    cascade: Annotated[bool, Form()] = False,
    reason: Annotated[str, Form(max_length=200)] = "",
    form_token: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Back to the invocation."""
    actor = actor_of(request, form_token)
    try:
        actions.cancel(actor, invocation_id, cascade=cascade, reason=reason.strip())
    except (InvocationNotFoundError, ActionRefusedError) as error:
        raise refusal_of(error, invocation_id) from error
    return RedirectResponse(str(request.url_for("invocation", invocation_id=invocation_id).path), 303)


@router.post("/schedules/{trigger_id:path}/pause", name="pause_trigger")
def pause(
    request: Request, actions: ActionsOf, trigger_id: str, form_token: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Back to the trigger."""
    return _pause(request, actions, trigger_id, actor_of(request, form_token), paused=True)


@router.post("/schedules/{trigger_id:path}/resume", name="resume_trigger")
def resume(
    request: Request, actions: ActionsOf, trigger_id: str, form_token: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Back to the trigger."""
    return _pause(request, actions, trigger_id, actor_of(request, form_token), paused=False)


def _pause(
    request: Request, actions: ActionsOf, trigger_id: str, actor: Actor, *, paused: bool
) -> RedirectResponse:
    try:
        actions.pause(actor, trigger_id, paused=paused)
    except ActionRefusedError as error:
        raise HTTPException(409, str(error)) from error
    except TriggerError as error:
        raise HTTPException(404, f"There is no trigger {trigger_id!r}.") from error
    # Ids of triggers may hold what means something in an address.
    page = request.url_for("schedule", trigger_id=quote(trigger_id, safe="/")).path
    return RedirectResponse(str(page), 303)


@router.post("/runners/{runner_id}/recover", name="recover")
def recover(
    request: Request,
    source: SourceOf,
    actions: ActionsOf,
    runner_id: str,
    typed: Annotated[str, Form(max_length=50)] = "",
    form_token: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Back to the runner."""
    take_work(source, actions, actor_of(request, form_token), runner_id, typed)
    return RedirectResponse(str(request.url_for("runner", runner_id=runner_id).path), 303)


@router.post("/failures/{fingerprint}/acknowledge", name="acknowledge")
def acknowledge(
    request: Request,
    actions: ActionsOf,
    fingerprint: Annotated[str, Path(pattern=FINGERPRINT)],
    note: Annotated[str, Form(max_length=200)] = "",
    form_token: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Back to the kind of failure."""
    actions.acknowledge(actor_of(request, form_token), fingerprint, note.strip())
    return RedirectResponse(str(request.url_for("failure", fingerprint=fingerprint).path), 303)


def take_work(source: Source, actions: Actions, actor: Actor, runner_id: str, typed: str) -> int:
    """Give what a runner and its workers have in hand to others; how many invocations that were.

    Raises:
        HTTPException: there is no such runner, or it cannot be done now.
    """
    found = source.store.get_runners([runner_id]).get(runner_id)
    if found is None:
        raise HTTPException(404, f"There is no runner {runner_id!r}.")
    now = source.now()
    workers = {one: source.rhythm.state_of(one, now) for one in source.workers_of(runner_id)}
    try:
        return actions.recover(actor, found, source.rhythm.state_of(found, now), workers, typed.strip())
    except ActionRefusedError as error:
        raise HTTPException(409, str(error)) from error


def actor_of(request: Request, form_token: str) -> Actor:
    """Who sent a form."""
    return Actor(require_form_token(request, form_token), address_of(request))


def refusal_of(error: Exception, invocation_id: str) -> HTTPException:
    """What went wrong, as it is answered."""
    if isinstance(error, ActionRefusedError):
        return HTTPException(409, str(error))
    return HTTPException(
        404, f"There is no invocation {invocation_id!r}: it was never registered, or its retention is over."
    )
