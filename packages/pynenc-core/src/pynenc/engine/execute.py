"""One claimed invocation: read its arguments, call the function, say what became of it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine import transitions
from pynenc.engine.argument_text import logged_arguments
from pynenc.engine.components import Components
from pynenc.engine.current import ActiveInvocation, set_active
from pynenc.engine.patience import PASSING, until_answered
from pynenc.engine.payloads import Payloads
from pynenc.engine.registry import TaskDefinition
from pynenc.engine.retry import retry_delay_seconds
from pynenc.engine.workflow_replay import WorkflowUnwound
from pynenc.engine.workflows import Workflows
from pynenc.exceptions import (
    CorruptDataError,
    InvocationError,
    NonDeterminismError,
    OutcomeLostError,
    OwnershipLostError,
    SerializationError,
    UnknownTaskError,
)
from pynenc.values.operations import Claim, Move
from pynenc.values.records import Outcome

logger = logging.getLogger(__name__)

#: What makes one invocation unreadable without saying anything about the store.
_UNREADABLE = (SerializationError, CorruptDataError, OutcomeLostError)


class Executor:
    """Runs attempts for one app. Infrastructure errors are waited out; they are never the task's failure."""

    def __init__(self, components: Components, payloads: Payloads, workflows: Workflows) -> None:
        self._components = components
        self._payloads = payloads
        self._workflows = workflows

    def run(self, active: ActiveInvocation, task: TaskDefinition) -> Move:
        """Run a synchronous attempt on this thread and return the move that ends it."""
        # A context of its own: nothing leaks from one invocation into the next, nor from a waiter into
        # the invocation that it helps.
        return contextvars.Context().run(self._attempt, active, task)

    def last_error_of(self, claim: Claim) -> Exception | None:
        """What the attempt before raised; None in the first one."""
        text = claim.last_error
        if text is None and claim.retries and not self._components.record_holds_payloads:
            key = PayloadKey(claim.invocation_id, claim.epoch - 1, PayloadKind.OUTCOME)
            text = self._components.state_backend.get_payloads([key]).get(key)
        return self._payloads.decode_exception(text, claim.invocation_id) if text else None

    def limit_exceeded(self, claim: Claim, error: InvocationError) -> Move:
        """The move that ends an invocation that ran for too long."""
        return self._failed(claim, error)

    async def run_async(self, active: ActiveInvocation, task: TaskDefinition) -> Move:
        """Run an ``async def`` attempt on the current loop; the caller gives it a context of its own."""
        set_active(active)
        claim = active.claim
        try:
            if claim.arguments is not None and "@" not in claim.arguments:
                values = self._arguments(claim, task)
            else:  # may have to ask a store, which must not happen on the loop
                values = await asyncio.to_thread(self._arguments, claim, task)
        except _UNREADABLE as error:
            return self._failed(claim, error)
        try:
            value = await task.call(values)
        except BaseException as error:  # noqa: BLE001  # boundary: the user's function
            return await asyncio.to_thread(self._raised, active, task, error)
        try:
            outcome, data = self._payloads.encode_result(task, value, claim.invocation_id)
        except SerializationError as error:
            return self._failed(claim, error)
        if data or not self._components.record_holds_payloads:
            return await asyncio.to_thread(self._succeeded, claim, outcome, data)
        return self._succeeded(claim, outcome, data)

    def unknown_task(self, claim: Claim, message: str) -> Move:
        """The move that ends an invocation whose task nobody knew for too long."""
        return self._failed(claim, UnknownTaskError(claim.invocation_id, message))

    def _attempt(self, active: ActiveInvocation, task: TaskDefinition) -> Move:
        set_active(active)
        claim = active.claim
        try:
            values = self._arguments(claim, task)
        except _UNREADABLE as error:
            return self._failed(claim, error)
        active.workflow = self._workflows.replay(active)
        try:
            active.in_engine = False
            value = self._call(active, task, values)
            active.in_engine = True  # a limit that strikes from now on comes too late
            active.end_fork(0)
        except BaseException as error:  # noqa: BLE001  # boundary: the user's function
            active.in_engine = True
            active.end_fork(1)
            if isinstance(error, WorkflowUnwound) and active.workflow and active.workflow.pause:
                logger.debug("sleeps")
                return active.workflow.pause
            return self._raised(active, task, error)
        try:
            outcome, data = self._payloads.encode_result(task, value, claim.invocation_id)
        except SerializationError as error:
            return self._failed(claim, error)
        return self._succeeded(claim, outcome, data)

    def _call(self, active: ActiveInvocation, task: TaskDefinition, values: dict[str, Any]) -> Any:
        if active.workflow is None:
            return task.call(values)
        return active.workflow.run(lambda: task.call(values), lambda error: self._ends(active, task, error))

    def _ends(self, active: ActiveInvocation, task: TaskDefinition, error: BaseException) -> bool:
        """Whether an exception of a workflow's code is its failure, and not that of this attempt only."""
        passes = isinstance(error, (*PASSING, OwnershipLostError, NonDeterminismError))
        final = isinstance(error, Exception) and active.doom is None and not passes
        return final and retry_delay_seconds(task.conf, error, active.claim.retries) is None

    def _arguments(self, claim: Claim, task: TaskDefinition) -> dict[str, Any]:
        text = claim.arguments
        if text is None:
            key = PayloadKey(claim.invocation_id, 0, PayloadKind.ARGUMENTS)
            text = until_answered(lambda: self._components.state_backend.get_payloads([key])).get(key)
            if text is None:
                raise OutcomeLostError(f"the stored arguments of invocation '{claim.invocation_id}' are gone")
        if not text:
            if logger.isEnabledFor(logging.DEBUG):
                self._log_start(task, {})
            return {}
        unpack = self._payloads.unpack_arguments
        try:
            stored = unpack(text, claim.invocation_id, claim.args_id)
        except PASSING:  # the store of large ones was away
            stored = until_answered(lambda: unpack(text, claim.invocation_id, claim.args_id))
        if logger.isEnabledFor(logging.DEBUG):
            self._log_start(task, stored.texts)
        return self._payloads.decode_arguments(task, stored)

    def _log_start(self, task: TaskDefinition, texts: Mapping[str, str]) -> None:
        logger.debug("runs task:%s%s", task.key, logged_arguments(texts, self._components.conf))

    def _succeeded(self, claim: Claim, outcome: Outcome, data: Mapping[str, str]) -> Move:
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("succeeded")
        if data:
            until_answered(lambda: self._components.client_data_store.put(data))
        return transitions.finish(claim, self._placed(claim, outcome))

    def _raised(self, active: ActiveInvocation, task: TaskDefinition, error: BaseException) -> Move:
        claim = active.claim
        error = _meaning_of(error, active)
        if isinstance(error, PASSING):
            # A store that was away while the task called or waited: not the task's failure.
            return transitions.hand_back(claim, ran=True, reason=f"a store was away: {error}"[:200])
        outcome = self._payloads.encode_exception(error, claim.invocation_id)
        delay = retry_delay_seconds(task.conf, error, claim.retries)
        if delay is not None:
            logger.info("attempt %d failed (%s), retry in %.3g s", active.attempt, outcome.preview, delay)
            return transitions.retry(claim, delay, self._placed(claim, outcome), outcome.preview)
        logger.info("attempt %d failed: %s", active.attempt, outcome.preview)
        return transitions.finish(claim, self._placed(claim, outcome), outcome.preview)

    def _failed(self, claim: Claim, error: Exception) -> Move:
        outcome = self._payloads.encode_exception(error, claim.invocation_id)
        logger.warning("invocation:%s cannot be run or stored: %s", claim.invocation_id, error)
        return transitions.finish(claim, self._placed(claim, outcome), outcome.preview)

    def _placed(self, claim: Claim, outcome: Outcome) -> Outcome:
        """With a state backend of its own store the payload goes there first, under this attempt's epoch."""
        if self._components.record_holds_payloads or outcome.data is None:
            return outcome
        payload = {PayloadKey(claim.invocation_id, claim.epoch, PayloadKind.OUTCOME): outcome.data}
        until_answered(lambda: self._components.state_backend.put_payloads(payload))
        return replace(outcome, data=None)


def _meaning_of(error: BaseException, active: ActiveInvocation) -> BaseException:
    """What was raised from outside arrives as a bare class, or as the cancellation of a coroutine."""
    doom = active.doom
    if doom is not None and isinstance(error, (type(doom), asyncio.CancelledError)):
        doom.__traceback__ = error.__traceback__
        return doom
    return error
