"""Invocations that a runner executes, and groups of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from pynenc.arguments import Arguments
from pynenc.call import Call
from pynenc.engine.current import get_active
from pynenc.engine.engine import Engine
from pynenc.engine.payloads import SerializedArguments
from pynenc.engine.registry import TaskDefinition
from pynenc.exceptions import ResultTimeoutError
from pynenc.invocation.base_invocation import BaseInvocation, BaseInvocationGroup
from pynenc.values.ids import InvocationId
from pynenc.values.records import HistoryEntry, InvocationRecord, InvocationState
from pynenc.values.status import FINAL, InvocationStatus
from pynenc.values.workflows import WorkflowIdentity

R = TypeVar("R")


class DistributedInvocation(BaseInvocation[R], Generic[R]):
    """A registered invocation. Cheap to make: nothing is read before somebody asks.

    Args:
        engine: Of its app.
        invocation_id: Its identity.
        definition: Its task.
        arguments: What it was called with, where that is known; else it is read when somebody asks.
        state: What is known of it.
    """

    _call: Call | None = None

    def __init__(
        self,
        engine: Engine,
        invocation_id: InvocationId,
        definition: TaskDefinition,
        arguments: SerializedArguments | None = None,
        state: InvocationState | None = None,
    ) -> None:
        self._engine = engine
        self._invocation_id = invocation_id
        self._definition = definition
        self._arguments = arguments
        self._state = state
        self._seen_at = 0.0

    @property
    def invocation_id(self) -> InvocationId:
        """Its identity."""
        return self._invocation_id

    @property
    def call(self) -> Call:
        """The task and its arguments."""
        if self._call is None:
            engine, definition = self._engine, self._definition
            self._call = Call(
                definition.task_id,
                self._serialized_arguments,
                lambda stored: engine.payloads.decode_arguments(definition, stored),
            )
        return self._call

    def _serialized_arguments(self) -> SerializedArguments:
        return self._arguments or self._engine.stored_arguments(self.record)

    @property
    def status(self) -> InvocationStatus:
        """Where it stands; a status that is not final may be ``cached_status_time`` seconds old."""
        state = self._state
        if state is None or not (state.status.is_final() or self._is_fresh()):
            state = self._state = self._engine.get_state(self._invocation_id)
            self._seen_at = time.monotonic()
        return state.status

    @property
    def num_retries(self) -> int:
        """How often it was retried so far."""
        return self.record.retries

    @property
    def record(self) -> InvocationRecord:
        """Everything that is stored about it, as it is now."""
        return self._engine.get_record(self._invocation_id)

    @property
    def history(self) -> list[HistoryEntry]:
        """Every status it entered, in order, with time, runner and reason."""
        return self._engine.orchestrator.get_history(self._invocation_id)

    @property
    def parent_invocation_id(self) -> InvocationId | None:
        """The invocation that called it."""
        return self.record.parent_id

    @property
    def workflow(self) -> WorkflowIdentity | None:
        """The workflow that it belongs to; None for a call outside of any."""
        return self._engine.workflows.identity_of(self.record)

    def is_main_workflow_task(self) -> bool:
        """Whether it defines its workflow."""
        return self.record.workflow_id == self._invocation_id

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is final; False after ``timeout`` seconds. Never raises what the task raised."""
        if not self._is_final():
            self._learn(self._engine.waiting.wait([self._invocation_id], 1, timeout))
        return self._is_final()

    def get(self, timeout: float | None = None) -> R:
        """Wait until it is final and return its result; see ``BaseInvocation.get``."""
        if not self.wait(timeout):
            raise self._timed_out(timeout)
        return self._outcome()

    def cancel(self, *, cascade: bool = False, reason: str = "") -> bool:
        """End it unless it is final; see ``BaseInvocation.cancel``."""
        self._engine.get_state(self._invocation_id)  # an unknown id is an error, not a refusal
        return bool(self._engine.canceller.cancel([self._invocation_id], cascade=cascade, reason=reason))

    async def async_result(self, timeout: float | None = None) -> R:
        """Like ``get``, without blocking the running loop."""
        if not self._is_final():
            self._learn(await self._engine.async_waiting.wait([self._invocation_id], 1, timeout))
        if not self._is_final():
            raise self._timed_out(timeout)
        return self._outcome()

    def _outcome(self) -> R:
        assert self._state is not None
        value: R = self._engine.value_of(self._state, self._definition.hint("return"))
        return value

    def _learn(self, states: Mapping[InvocationId, InvocationState]) -> None:
        self._state = states.get(self._invocation_id, self._state)

    def _is_final(self) -> bool:
        return self._state is not None and self._state.status in FINAL

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._seen_at < self._engine.components.conf.cached_status_time


class ReusedInvocation(DistributedInvocation[R], Generic[R]):
    """A handle of an invocation that was there already: it waited to start, or its result answers the call.

    Attributes:
        diff_arg: The arguments of the new call where they differ from those that will be used; else None.
    """

    diff_arg: Arguments | None = None


class DistributedInvocationGroup(BaseInvocationGroup[R], Generic[R]):
    """Registered invocations of one task, in the order of their calls."""

    def __init__(self, engine: Engine, invocations: Sequence[DistributedInvocation[R]]) -> None:
        self._engine = engine
        self._invocations = list(invocations)

    @property
    def invocations(self) -> list[DistributedInvocation[R]]:
        """All of them."""
        return self._invocations

    @property
    def results(self) -> Iterator[R]:
        """The results in the order in which they are there; raises what a task raised when its turn comes.

        In the body of a workflow in the order of the calls, which is the same in each attempt.
        """
        left = self._by_id()
        active = get_active()
        if active is not None and active.workflow is not None:
            states = self._engine.waiting.wait(list(left), len(left))
            yield from self._take(left, {one: states[one] for one in left})
        while left:
            yield from self._take(left, self._engine.waiting.wait(list(left), 1))

    async def async_results(self) -> AsyncIterator[R]:
        """Like ``results``, without blocking the running loop."""
        left = self._by_id()
        while left:
            for value in self._take(left, await self._engine.async_waiting.wait(list(left), 1)):
                yield value

    def get(self, timeout: float | None = None) -> list[R]:
        """Wait for all and return the results in the order of the calls.

        Raises:
            ResultTimeoutError: not all were final in time; they go on.
            Exception: what the first failed call raised.
        """
        left = {i: inv for i, inv in self._by_id().items() if not inv._is_final()}
        if left:
            states = self._engine.waiting.wait(list(left), len(left), timeout)
            for invocation in self._invocations:
                invocation._learn(states)
            missing = len(left) - len(states)
            if missing:
                raise ResultTimeoutError(
                    f"{missing} of {len(self)} invocations were not final within {timeout:g} s"
                )
        return [invocation._outcome() for invocation in self._invocations]

    def _by_id(self) -> dict[InvocationId, DistributedInvocation[R]]:
        return {invocation.invocation_id: invocation for invocation in self._invocations}

    def _take(
        self,
        left: dict[InvocationId, DistributedInvocation[R]],
        states: Mapping[InvocationId, InvocationState],
    ) -> Iterator[R]:
        for invocation_id in states:
            invocation = left.pop(invocation_id)
            invocation._learn(states)
            yield invocation._outcome()
