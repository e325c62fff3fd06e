"""What operators do: each action is checked, carried out through the rules of the engine, and noted."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pynenc import Pynenc
from pynenc.exceptions import PynencError, SerializationError, StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.acknowledged import Acknowledged
from pynmon.audit import Audit, Entry
from pynmon.health import RunnerState
from pynmon.identity import Identity, Role

logger = logging.getLogger(__name__)
#: Why no task can be called.
ENQUEUE_IS_OFF = "Calling tasks is off here: start the monitor with --allow-enqueue."


class ActionRefusedError(Exception):
    """It cannot be done now; the text says why."""


class UnfitArgumentsError(Exception):
    """A task cannot be called so; the text says why."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where."""

    identity: Identity
    address: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page offers for an invocation."""

    #: Of a rerun, so that a form that is sent twice makes one.
    new_id: InvocationId
    #: Why a control is disabled; empty when it is not.
    why_no_rerun: str
    why_no_cancel: str
    #: Whether it waits for its next attempt.
    may_retry: bool


def why_no_rerun(record: InvocationRecord) -> str:
    """Why a call cannot be made again now; empty when it can."""
    return "" if record.status.is_final() else "It is still going to end by itself: cancel it first."


def why_no_retry(record: InvocationRecord) -> str:
    """Why an invocation cannot be tried again before its time; empty when it can."""
    return "" if record.status is InvocationStatus.RETRY else "It does not wait for another attempt."


def why_no_cancel(record: InvocationRecord) -> str:
    """Why an invocation cannot be cancelled; empty when it can."""
    return "It has ended." if record.status.is_final() else ""


def why_no_drain(runner: RunnerRecord, state: RunnerState) -> str:
    """Why a runner cannot be asked to take nothing more; empty when it can."""
    if runner.identity.parent_id is not None:
        return f"It is a worker: ask its supervisor {runner.identity.parent_id}."
    if state in (RunnerState.DEAD, RunnerState.STOPPED):
        return "It does not live."
    return "It takes nothing more already." if runner.drains else ""


class Actions:
    """The actions upon one app.

    No task is imported and no payload decoded for any of them.

    Args:
        app: Its engine carries them out.
        audit: Gets an entry for each, also when it is refused.
        enqueues: Whether tasks may be called.
    """

    def __init__(self, app: Pynenc, audit: Audit, *, enqueues: bool) -> None:
        self._app = app
        self._enqueues = enqueues
        self._audit = audit
        self.acknowledged = Acknowledged(audit)

    def reserve_id(self) -> InvocationId:
        """An id for a rerun."""
        return self._app.engine.submitter.reserve_id()

    def offer(self, record: InvocationRecord) -> Offer:
        """What can be done with an invocation now; the store is not asked."""
        return Offer(self.reserve_id(), why_no_rerun(record), why_no_cancel(record), not why_no_retry(record))

    def rerun(self, actor: Actor, invocation_id: str, new_id: InvocationId) -> InvocationId:
        """Register the stored call of an invocation again.

        Returns:
            The new invocation, or the one that waits already where calls of one key are merged.

        Raises:
            InvocationNotFoundError: there is none with this id.
            ActionRefusedError: it is open, or its arguments cannot be read.
            StoreError: the store is away.
        """
        engine = self._app.engine
        record = engine.get_record(InvocationId(invocation_id))
        self.require(actor, "rerun", invocation_id, why_no_rerun(record))
        try:
            (answer,) = engine.submitter.repeat([engine.submitter.repetition_of(record, new_id)])
        except StoreError:
            self.note(actor, "rerun", invocation_id, "unknown", "the store did not answer")
            raise
        except PynencError as error:
            # What they hold is nobody's business here.
            logger.warning("cannot run invocation '%s' again: %s", invocation_id, error)
            why = "Its stored arguments are gone, or cannot be read; the monitor's log says more."
            self.require(actor, "rerun", invocation_id, why)
            raise
        self.note(actor, "rerun", invocation_id, "done", f"as {answer.invocation_id}")
        return answer.invocation_id

    def retry(self, actor: Actor, invocation_id: str) -> None:
        """Have an invocation that waits for its next attempt tried again at once.

        Raises:
            InvocationNotFoundError: there is none with this id.
            ActionRefusedError: it does not wait for one.
            StoreError: the store is away.
        """
        engine = self._app.engine
        record = engine.get_record(InvocationId(invocation_id))
        self.require(actor, "retry", invocation_id, why_no_retry(record))
        if not engine.hastener.hasten(record.invocation_id, f"by {actor.identity.name}"):
            self.require(actor, "retry", invocation_id, "It is being tried again already.")
        self.note(actor, "retry", invocation_id, "done", "")

    def enqueue(self, actor: Actor, task_id: str, arguments: str, new_id: InvocationId) -> InvocationId:
        """Call a task whose code this process has loaded anyway; nothing is imported for it.

        Args:
            actor: Who wants it; an admin.
            task_id: The task.
            arguments: A JSON object of arguments by name.
            new_id: Of the invocation; with the same one it is registered once.

        Returns:
            The new invocation, or the one that waits already where calls of one key are merged.

        Raises:
            ActionRefusedError: it is off, the task is not registered here, or it is not for this role.
            UnfitArgumentsError: the arguments are no JSON object, or do not fit the task.
            StoreError: the store is away.
        """
        engine = self._app.engine
        task = engine.registry.tasks.get(task_id)
        why_not = "" if task else "This monitor has not loaded the code of that task, and imports none."
        self.require(actor, "enqueue", task_id, why_not if self._enqueues else ENQUEUE_IS_OFF, Role.ADMIN)
        assert task is not None
        try:
            answer = engine.submitter.call(task, _json_object(arguments), new_id)
        except (TypeError, SerializationError) as error:
            raise UnfitArgumentsError(str(error)) from error
        self.note(actor, "enqueue", task_id, "done", f"as {answer.invocation_id}")
        return answer.invocation_id

    def cancel(self, actor: Actor, invocation_id: str, *, cascade: bool, reason: str) -> None:
        """Cancel an invocation, and with ``cascade`` whatever it called that is open.

        Raises:
            InvocationNotFoundError: there is none with this id.
            ActionRefusedError: it has ended.
            StoreError: the store is away.
        """
        engine = self._app.engine
        record = engine.get_record(InvocationId(invocation_id))
        self.require(actor, "cancel", invocation_id, why_no_cancel(record))
        told = f"by {actor.identity.name}" + (f": {reason}" if reason else "")
        ended = engine.canceller.cancel([record.invocation_id], cascade=cascade, reason=told)
        scope = "with everything below" if cascade else "alone"
        if not ended:
            self.require(actor, "cancel", invocation_id, "It has ended meanwhile.")
        self.note(actor, "cancel", invocation_id, "done", f"{scope}{f': {reason}' if reason else ''}")

    def pause(self, actor: Actor, trigger_id: str, *, paused: bool) -> None:
        """Have a trigger leave alone whatever happens, or react again.

        Raises:
            TriggerError: there is none with this id.
            ActionRefusedError: it is so already.
            StoreError: the store is away.
        """
        triggers, action = self._app.trigger, "pause" if paused else "resume"
        is_so = triggers.get(trigger_id).paused is paused
        self.require(actor, action, trigger_id, f"It is {'' if paused else 'not '}paused." if is_so else "")
        (triggers.pause if paused else triggers.resume)(trigger_id)
        self.note(actor, action, trigger_id, "done", "")

    def fire(self, actor: Actor, trigger_id: str, request_id: str) -> None:
        """Ask for one run of a trigger now; a runner that has it makes it.

        Args:
            actor: Who wants it.
            trigger_id: The trigger.
            request_id: Asked for twice with the same one, it is run once.

        Raises:
            TriggerError: there is none with this id.
            ActionRefusedError: it is paused.
            StoreError: the store is away.
        """
        triggers = self._app.trigger
        is_paused = triggers.get(trigger_id).paused
        self.require(
            actor, "fire", trigger_id, "It is paused, and does not run: resume it first." if is_paused else ""
        )
        triggers.fire(trigger_id, request_id=request_id)
        self.note(actor, "fire", trigger_id, "done", "")

    def drain(self, actor: Actor, runner: RunnerRecord, state: RunnerState) -> None:
        """Have a runner take nothing more, and end once it has finished what it has.

        Raises:
            ActionRefusedError: it does not live, or is a worker of another one.
            StoreError: the store is away.
        """
        runner_id = runner.identity.runner_id
        self.require(actor, "drain", runner_id, why_no_drain(runner, state))
        if not self._app.orchestrator.request_drain(runner_id):
            self.require(actor, "drain", runner_id, "It has ended meanwhile.")
        self.note(actor, "drain", runner_id, "done", "")

    def recover(
        self,
        actor: Actor,
        runner: RunnerRecord,
        state: RunnerState,
        workers: Mapping[RunnerRecord, RunnerState],
        typed: str,
    ) -> int:
        """Give what a runner and its workers have in hand to the others, at once.

        Args:
            actor: Who wants it; an admin.
            runner: Whose work it is.
            state: Whether it lives. What it works on while it does is begun again elsewhere, and its own result
                discarded.
            workers: Those below it; those that outlive it keep what they have.
            typed: Of one that lives the beginning of its id, so that nobody does that by mistake.

        Returns:
            How many invocations changed hands.

        Raises:
            ActionRefusedError: it lives and that was not confirmed, or it is not for this role.
            StoreError: the store is away.
        """
        runner_id = runner.identity.runner_id
        gone = (RunnerState.DEAD, RunnerState.STOPPED)
        is_gone = state in gone
        why_not = (
            "" if is_gone or typed == runner_id[:8] else f"It lives: type {runner_id[:8]} to do it anyway."
        )
        self.require(actor, "recover", runner_id, why_not, Role.ADMIN)
        taken = [one.identity.runner_id for one, its in workers.items() if not is_gone or its in gone]
        number = self._app.engine.recovery.recover([runner_id, *taken], f"by {actor.identity.name}")
        self.note(actor, "recover", runner_id, "done", f"{number} of a runner that was {state}")
        return number

    def acknowledge(self, actor: Actor, fingerprint: str, note: str) -> None:
        """Say that a kind of failure is known.

        Raises:
            ActionRefusedError: it is not for this role.
        """
        self.require(actor, "acknowledge", fingerprint, "")
        self.acknowledged.add(self.note(actor, "acknowledge", fingerprint, "done", note))

    def require(
        self, actor: Actor, action: str, subject: str, why_not: str, needed: Role = Role.OPERATOR
    ) -> None:
        """Refuse, on record, what cannot be done now or is not for this role.

        Raises:
            ActionRefusedError: ``why_not`` says why, or the role is too low.
        """
        if actor.identity.role < needed:
            self.note(actor, action, subject, "denied", f"as {actor.identity.role.name.lower()}")
            raise ActionRefusedError(f"That needs the role of an {needed.name.lower()}.")
        if why_not:
            self.note(actor, action, subject, "refused", why_not)
            raise ActionRefusedError(why_not)

    def note(self, actor: Actor, action: str, subject: str, result: str, detail: str) -> Entry:
        """Put what was done, or how it ended, on record."""
        return self._audit.add(
            who=actor.identity.name,
            action=action,
            subject=subject,
            result=result,
            detail=detail,
            address=actor.address,
        )


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnfitArgumentsError(f"That is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise UnfitArgumentsError('Arguments are a JSON object by name, such as {"customer_id": 42}.')
    return values
