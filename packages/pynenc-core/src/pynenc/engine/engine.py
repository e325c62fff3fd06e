"""Engine: builds the collaborators of one app once and names them; no rule of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynenc.conf.config_base import ConfigBase
from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine.async_waiting import AsyncWaiting
from pynenc.engine.cancel import Canceller
from pynenc.engine.claim import Claimer
from pynenc.engine.components import Components
from pynenc.engine.declarations import Declarations
from pynenc.engine.diary import Diary
from pynenc.engine.execute import Executor
from pynenc.engine.firing import Firing
from pynenc.engine.hasten import Hastener
from pynenc.engine.patience import advance_surely, never
from pynenc.engine.payloads import Payloads, SerializedArguments
from pynenc.engine.reactions import Reactions
from pynenc.engine.reactor import Reactor
from pynenc.engine.recovery import Recovery
from pynenc.engine.registry import TaskRegistry
from pynenc.engine.result_cache import ResultCache
from pynenc.engine.retention import delete_expired
from pynenc.engine.submit import Submitter
from pynenc.engine.triggers import Triggers
from pynenc.engine.waiting import Waiting
from pynenc.engine.wakeups import Wakeups
from pynenc.engine.workflows import Workflows
from pynenc.exceptions import (
    ConcurrencyControlledError,
    InvocationCancelledError,
    InvocationNotFoundError,
    OutcomeLostError,
)
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Move, Step, StepAnswer
from pynenc.values.records import InvocationRecord, InvocationState, Outcome
from pynenc.values.status import InvocationStatus

#: The components that keep something, in the order in which it is removed: first what leads to the rest.
KEEPERS = ("broker", "orchestrator", "state_backend", "client_data_store", "trigger")


class Engine:
    """The rules of the life cycle, for one app in one process."""

    def __init__(self, components: Components, registry: TaskRegistry) -> None:
        self.components = components
        self.registry = registry
        self.orchestrator = components.orchestrator
        #: The store whose wake-ups announce work.
        self.queue = components.broker.store
        #: Carries out a step, whoever has the queue.
        self._claimer = Claimer(components)
        self.advance = self._claimer.advance
        self.wait_and_claim = self._claimer.wait_and_claim
        self.finds_nothing = self._claimer.finds_nothing
        self._on_their_way: dict[object, tuple[Move, ...]] = {}  # iterated over copies
        self.payloads = Payloads(components)
        self.submitter = Submitter(components, self.payloads)
        self.result_cache = ResultCache(components)
        self.wakeups = Wakeups(components.orchestrator.store)
        self.waiting = Waiting(
            components.orchestrator,
            self.advance_surely,
            self.wakeups,
            registry,
            components.clock,
            components.conf.max_help_depth,
        )
        self.canceller = Canceller(
            components.orchestrator, self.advance, components.conf.publish_timeout_seconds
        )
        self.hastener = Hastener(self.advance, components.conf.publish_timeout_seconds)
        self.async_waiting = AsyncWaiting(components.orchestrator, self.wakeups, components.clock)
        self.recovery = Recovery(components, self.payloads)
        self.workflows = Workflows(components, self.payloads, self.advance_surely)
        self.executor = Executor(components, self.payloads, self.workflows)
        self._declarations = Declarations(components, registry)
        self.triggers = Triggers(components, self.payloads, self._declarations, self.workflows.emit)

    def advance_surely(self, step: Step, give_up: Callable[[], bool] = never) -> StepAnswer:
        """Carry out a step, however long the store is away."""
        key = object()
        self._on_their_way[key] = step.moves
        try:
            return advance_surely(self.advance, step, give_up)
        finally:
            del self._on_their_way[key]

    def moves_on_their_way(self) -> list[Move]:
        """Moves that this process is about to write, perhaps for as long as the store is away."""
        return [move for moves in list(self._on_their_way.values()) for move in moves]

    def get_state(self, invocation_id: InvocationId) -> InvocationState:
        """Status and outcome of one invocation.

        Raises:
            InvocationNotFoundError: it does not exist.
        """
        states = self.orchestrator.get_states([invocation_id])
        if invocation_id not in states:
            raise InvocationNotFoundError(invocation_id)
        return states[invocation_id]

    def get_record(self, invocation_id: InvocationId) -> InvocationRecord:
        """Everything that is stored about one invocation.

        Raises:
            InvocationNotFoundError: it does not exist.
        """
        records = self.orchestrator.get_records([invocation_id])
        if invocation_id not in records:
            raise InvocationNotFoundError(invocation_id)
        return records[invocation_id]

    def stored_arguments(self, record: InvocationRecord) -> SerializedArguments:
        """The serialized arguments of an invocation, wherever they are kept."""
        return self.payloads.stored_arguments(record)

    def value_of(self, state: InvocationState, expected: Any) -> Any:
        """The result of a final invocation, as ``expected``; raises what it raised."""
        outcome = self._outcome(state)
        if outcome is not None:
            return self.payloads.decode_outcome(outcome, state.invocation_id, expected)
        if state.status is InvocationStatus.CONCURRENCY_CONTROLLED_FINAL:
            raise ConcurrencyControlledError(
                state.invocation_id,
                "has no result: when it was about to start, its running limit was reached; set "
                "reroute_on_concurrency_control=True to have such calls wait for their turn",
            )
        if state.status is InvocationStatus.CANCELLED:
            reason = self.orchestrator.get_history(state.invocation_id)[-1].reason
            raise InvocationCancelledError(state.invocation_id, f"was cancelled: {reason}".rstrip(": "))
        raise OutcomeLostError(
            f"invocation '{state.invocation_id}' is {state.status}, but has no stored outcome"
        )

    def _outcome(self, state: InvocationState) -> Outcome | None:
        outcome = state.outcome
        if outcome is None or outcome.data is not None or self.components.record_holds_payloads:
            return outcome
        key = PayloadKey(state.invocation_id, state.epoch, PayloadKind.OUTCOME)
        data = self.components.state_backend.get_payloads([key]).get(key)
        return Outcome(outcome.kind, data, outcome.preview, outcome.size_bytes)

    def check_triggers(self) -> None:
        """Refuse triggers that cannot work here, before a runner starts.

        Raises:
            ConfigError: what they keep would stay in the memory of one of several processes.
            NonModuleLevelFunctionError: other processes could not recognise one of their functions.
        """
        if self._declarations.own():
            self._declarations.check()

    def reactor(self, runner_id: RunnerId) -> Reactor:
        """What lets triggers react on behalf of a runner."""
        firing = Firing(self.components, self.payloads, self.registry, self.submitter)
        reactions = Reactions(self.components, self.payloads, self.registry, firing)
        return Reactor(self.components, self._declarations, reactions, runner_id)

    def diary(self, runner_id: RunnerId, leads: Callable[[], bool], conf: ConfigBase) -> Diary:
        """What a runner writes down about itself."""
        return Diary(self.components, self.registry, runner_id, leads, conf)

    def delete_ended(self, age_seconds: float) -> int:
        """Delete some thousand of the invocations that ended so long ago, as retention does; returns how many."""
        return delete_expired(self.components, age_seconds)

    def purge(self, *components: str) -> None:
        """Remove what components keep of this app, by default everything from every store; its triggers go on.

        Args:
            components: Some of ``KEEPERS``.
        """
        with self._declarations.kept():
            for name in components or KEEPERS:
                getattr(self.components, name).purge()

    def close(self) -> None:
        """Release connections and threads."""
        self.wakeups.close()
        for store in self.components.stores():
            store.close()
