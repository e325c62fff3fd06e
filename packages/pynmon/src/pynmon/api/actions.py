"""What operators do, for programs that have a token."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query

from pynenc.values.ids import InvocationId
from pynmon.answers import Json, problems
from pynmon.api import models
from pynmon.api.callers import CallerOf
from pynmon.maintenance import Scope
from pynmon.pages.actions import FINGERPRINT, NEW_ID, runner_of, take_work
from pynmon.pages.context import ActionsOf, SourceOf
from pynmon.pages.maintenance import MaintenanceOf

router = APIRouter(prefix="/api/v1", default_response_class=Json, responses=problems(401, 403, 404, 409, 503))
#: For what is to be done once however often it is asked for.
NewId = Annotated[
    str, Query(description="A UUID of version 7: with the same one it is made once.", pattern=f"{NEW_ID}|^$")
]


@router.post("/invocations/{invocation_id}/rerun", name="api_rerun")
def rerun(actions: ActionsOf, caller: CallerOf, invocation_id: str, new_id: NewId = "") -> models.Made:
    """Make the stored call of an invocation that has ended again."""
    made = actions.rerun(caller, invocation_id, InvocationId(new_id or actions.reserve_id()))
    return models.Made(invocation_id=made)


@router.post("/invocations/{invocation_id}/retry", name="api_retry")
def retry(actions: ActionsOf, caller: CallerOf, invocation_id: str) -> models.Made:
    """Have an invocation that waits for its next attempt tried again at once."""
    actions.retry(caller, invocation_id)
    return models.Made(invocation_id=invocation_id)


@router.post("/invocations/{invocation_id}/cancel", name="api_cancel")
def cancel(
    actions: ActionsOf,
    caller: CallerOf,
    invocation_id: str,
    cascade: Annotated[bool, Query(description="With whatever it called that is open.")] = False,
    reason: Annotated[str, Query(max_length=200)] = "",
) -> models.Made:
    """Cancel an invocation that is open."""
    actions.cancel(caller, invocation_id, cascade=cascade, reason=reason.strip())
    return models.Made(invocation_id=invocation_id)


@router.post("/failures/{fingerprint}/acknowledge", name="api_acknowledge")
def acknowledge(
    actions: ActionsOf,
    caller: CallerOf,
    fingerprint: Annotated[str, Path(pattern=FINGERPRINT)],
    note: Annotated[str, Query(max_length=200)] = "",
) -> models.Done:
    """Say that a kind of failure is known."""
    actions.acknowledge(caller, fingerprint, note.strip())
    return models.Done()


@router.post("/runners/{runner_id}/drain", name="api_drain")
def drain(source: SourceOf, actions: ActionsOf, caller: CallerOf, runner_id: str) -> models.Done:
    """Have a runner take nothing more, and end once it has finished what it has."""
    actions.drain(caller, *runner_of(source, runner_id))
    return models.Done()


@router.post("/runners/{runner_id}/recover", name="api_recover")
def recover(
    source: SourceOf,
    actions: ActionsOf,
    caller: CallerOf,
    runner_id: str,
    typed: Annotated[
        str, Query(max_length=50, description="Of one that lives the beginning of its id: eight characters.")
    ] = "",
) -> models.Recovered:
    """Give what a runner and its workers have in hand to others."""
    return models.Recovered(number=take_work(source, actions, caller, runner_id, typed))


@router.post("/schedules/{trigger_id:path}/pause", name="api_pause")
def pause(actions: ActionsOf, caller: CallerOf, trigger_id: str) -> models.Done:
    """Have a trigger leave alone whatever happens."""
    actions.pause(caller, trigger_id, paused=True)
    return models.Done()


@router.post("/schedules/{trigger_id:path}/resume", name="api_resume")
def resume(actions: ActionsOf, caller: CallerOf, trigger_id: str) -> models.Done:
    """Have a trigger react again."""
    actions.pause(caller, trigger_id, paused=False)
    return models.Done()


@router.post("/schedules/{trigger_id:path}/fire", name="api_fire")
def fire(actions: ActionsOf, caller: CallerOf, trigger_id: str, new_id: NewId = "") -> models.Done:
    """Ask for one run of a trigger now; a runner that has it makes it."""
    actions.fire(caller, trigger_id, new_id or actions.reserve_id())
    return models.Done()


@router.post("/tasks/{task_id}/enqueue", name="api_enqueue")
def enqueue(
    actions: ActionsOf,
    caller: CallerOf,
    task_id: str,
    arguments: Annotated[dict[str, Any], Body(description="By name.", embed=True)],
    new_id: NewId = "",
) -> models.Made:
    """Call a task whose code the monitor has loaded."""
    made = actions.enqueue(
        caller, task_id, json.dumps(arguments), InvocationId(new_id or actions.reserve_id())
    )
    return models.Made(invocation_id=made)


@router.post("/maintenance/purge", name="api_purge")
def purge(
    maintenance: MaintenanceOf,
    caller: CallerOf,
    scope: Scope,
    days: Annotated[int, Query(ge=0, le=3650, description="How long ago it ended, at least.")] = 30,
    typed: Annotated[str, Query(max_length=200, description="The id of the app.")] = "",
) -> models.Done:
    """Order the removal of what has ended, of what one component keeps, or of everything; it begins a little later."""
    maintenance.start(caller, scope, days, typed)
    return models.Done()


@router.post("/maintenance/undo", name="api_undo")
def undo(maintenance: MaintenanceOf, caller: CallerOf) -> models.Done:
    """Call off a removal that has not begun."""
    maintenance.call_off(caller)
    return models.Done()
