"""The forms of operators: each is sent by POST, and answered with the page that shows what came of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Request
from fastapi.responses import RedirectResponse

from pynenc.values.ids import InvocationId
from pynenc.values.runners import RunnerRecord
from pynmon.access import address_of, require_form_token
from pynmon.actions import Actions, Actor
from pynmon.health import RunnerState
from pynmon.pages.context import ActionsOf, SourceOf, ToOf
from pynmon.source import Source

router = APIRouter()
#: What tells kinds of failure apart.
FINGERPRINT = "^[0-9a-f]{16}$"
#: The text of a UUID of version 7.
NEW_ID = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def actor_of(request: Request, form_token: str) -> Actor:
    """Who sent a form."""
    return Actor(require_form_token(request, form_token), address_of(request))


def _sender(request: Request, form_token: Annotated[str, Form()] = "") -> Actor:
    return actor_of(request, form_token)


SenderOf = Annotated[Actor, Depends(_sender)]


@router.post("/invocations/{invocation_id}/rerun", name="rerun")
def rerun(
    to: ToOf,
    actions: ActionsOf,
    sender: SenderOf,
    invocation_id: str,
    new_id: Annotated[str, Form(pattern=NEW_ID)],
) -> RedirectResponse:
    """To the new invocation."""
    made = actions.rerun(sender, invocation_id, InvocationId(new_id))
    return to("invocation", invocation_id=made)


@router.post("/invocations/{invocation_id}/retry", name="retry")
def retry(to: ToOf, actions: ActionsOf, sender: SenderOf, invocation_id: str) -> RedirectResponse:
    """Back to the invocation."""
    actions.retry(sender, invocation_id)
    return to("invocation", invocation_id=invocation_id)


@router.post("/invocations/{invocation_id}/cancel", name="cancel")
def cancel(
    to: ToOf,
    actions: ActionsOf,
    sender: SenderOf,
    invocation_id: str,
    cascade: Annotated[bool, Form()] = False,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> RedirectResponse:
    """Back to the invocation."""
    actions.cancel(sender, invocation_id, cascade=cascade, reason=reason.strip())
    return to("invocation", invocation_id=invocation_id)


@router.post("/schedules/{trigger_id:path}/pause", name="pause_trigger")
def pause(to: ToOf, actions: ActionsOf, sender: SenderOf, trigger_id: str) -> RedirectResponse:
    """Back to the trigger."""
    actions.pause(sender, trigger_id, paused=True)
    return to("schedule", trigger_id=trigger_id)


@router.post("/schedules/{trigger_id:path}/resume", name="resume_trigger")
def resume(to: ToOf, actions: ActionsOf, sender: SenderOf, trigger_id: str) -> RedirectResponse:
    """Back to the trigger."""
    actions.pause(sender, trigger_id, paused=False)
    return to("schedule", trigger_id=trigger_id)


@router.post("/schedules/{trigger_id:path}/fire", name="fire_trigger")
def fire(
    to: ToOf,
    actions: ActionsOf,
    sender: SenderOf,
    trigger_id: str,
    new_id: Annotated[str, Form(pattern=NEW_ID)],
) -> RedirectResponse:
    """Back to the trigger."""
    actions.fire(sender, trigger_id, new_id)
    return to("schedule", trigger_id=trigger_id)


@router.post("/runners/{runner_id}/drain", name="drain")
def drain(
    to: ToOf, source: SourceOf, actions: ActionsOf, sender: SenderOf, runner_id: str
) -> RedirectResponse:
    """Back to the runner."""
    actions.drain(sender, *runner_of(source, runner_id))
    return to("runner", runner_id=runner_id)


@router.post("/runners/{runner_id}/recover", name="recover")
def recover(
    to: ToOf,
    source: SourceOf,
    actions: ActionsOf,
    sender: SenderOf,
    runner_id: str,
    typed: Annotated[str, Form(max_length=50)] = "",
) -> RedirectResponse:
    """Back to the runner."""
    take_work(source, actions, sender, runner_id, typed)
    return to("runner", runner_id=runner_id)


@router.post("/failures/{fingerprint}/acknowledge", name="acknowledge")
def acknowledge(
    to: ToOf,
    actions: ActionsOf,
    sender: SenderOf,
    fingerprint: Annotated[str, Path(pattern=FINGERPRINT)],
    note: Annotated[str, Form(max_length=200)] = "",
) -> RedirectResponse:
    """Back to the kind of failure."""
    actions.acknowledge(sender, fingerprint, note.strip())
    return to("failure", fingerprint=fingerprint)


def take_work(source: Source, actions: Actions, actor: Actor, runner_id: str, typed: str) -> int:
    """Give what a runner and its workers have in hand to others; how many invocations that were.

    Raises:
        HTTPException: there is no such runner.
        ActionRefusedError: it cannot be done now.
    """
    found, state = runner_of(source, runner_id)
    now = source.now()
    workers = {one: source.rhythm.state_of(one, now) for one in source.workers_of(runner_id)}
    return actions.recover(actor, found, state, workers, typed.strip())


def runner_of(source: Source, runner_id: str) -> tuple[RunnerRecord, RunnerState]:
    """A runner, and whether it lives.

    Raises:
        HTTPException: there is no such runner.
    """
    found = source.store.get_runners([runner_id]).get(runner_id)
    if found is None:
        raise HTTPException(404, f"There is no runner {runner_id!r}.")
    return found, source.rhythm.state_of(found, source.now())
