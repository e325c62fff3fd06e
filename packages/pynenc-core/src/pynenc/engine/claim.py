"""Steps that may claim from the queue: one write where the record is the queue, else receive and confirm."""

from __future__ import annotations

from dataclasses import replace

from pynenc.engine.components import Components
from pynenc.values.operations import ClaimRequest, Step, StepAnswer
from pynenc.values.status import AVAILABLE

#: A delivery that was not decided within so many seconds is delivered again; deciding takes one write.
_LEASE_SECONDS = 30.0


class Claimer:
    """Carries out steps, whether or not broker and orchestrator share a store."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._appetite = 1

    def advance(self, step: Step) -> StepAnswer:
        """Carry out a step; a claim without ids takes from the app's queue."""
        parts = self._components
        if parts.record_is_queue:
            return parts.orchestrator.advance(step)
        if step.claim is None or step.claim.ids is not None:
            return self._announced(step, parts.orchestrator.advance(step))
        return self._receive(step, step.claim)

    def _receive(self, step: Step, claim: ClaimRequest) -> StepAnswer:
        """A message is a hint: it is confirmed once the claim has been decided, whatever the decision."""
        parts = self._components
        deliveries = parts.broker.receive(min(claim.limit, self._appetite), _LEASE_SECONDS)
        if not deliveries:
            if not step.moves:
                return StepAnswer()
            return self._announced(step, parts.orchestrator.advance(replace(step, claim=None)))
        ids = tuple(dict.fromkeys(delivery.invocation_id for delivery in deliveries))
        asked = replace(step, claim=replace(claim, ids=ids), read=(*step.read, *ids))
        answer = self._announced(step, parts.orchestrator.advance(asked))
        # What is still available was not given to this worker: somebody else may have it.
        states = answer.states
        left = {i for i in ids if i in states and states[i].status in AVAILABLE}
        parts.broker.acknowledge([d.receipt for d in deliveries if d.invocation_id not in left])
        if left:
            parts.broker.give_back([d.receipt for d in deliveries if d.invocation_id in left])
        self._appetite = min(claim.limit, 2 * len(answer.claims)) or 1
        return answer

    def _announced(self, step: Step, answer: StepAnswer) -> StepAnswer:
        """Tell the queue what became available; the sweeper tells it again if this process dies here."""
        due = [
            move.invocation_id
            for move, result in zip(step.moves, answer.moves, strict=True)
            if move.to in AVAILABLE and not move.delay_seconds and result.accepted
        ]
        if due:
            self._components.broker.push(due, front=True)
        return answer
