"""Steps that may claim from the queue: one write where the record is the queue, else receive and confirm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter

from pynenc.contracts.broker import Delivery
from pynenc.engine.components import Components
from pynenc.engine.hints import push_hints
from pynenc.engine.patience import PASSING, advance_surely
from pynenc.engine.urgency import Urgency
from pynenc.exceptions import CommitUnknownError, StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.operations import ClaimRequest, Step, StepAnswer
from pynenc.values.status import AVAILABLE

logger = logging.getLogger(__name__)

#: After so many messages taken one by one and used, it is worth trying two.
_STREAK = 4
_SHORTEST_YIELD_SECONDS = 0.01
_LONGEST_YIELD_SECONDS = 0.5
_receipt_of = attrgetter("receipt")


class Claimer:
    """Carries out steps, whether or not broker and orchestrator share a store."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._urgency = Urgency()
        self._appetite = 1
        self._streak = 0
        #: After messages that only others can use, this worker leaves the queue to them for a moment.
        self._yields_until = 0.0
        self._yields_seconds = 0.0
        #: A delivery that was not decided within so many seconds is delivered again; deciding takes one write.
        self._lease_seconds = components.conf.max_pending_seconds

    def advance(self, step: Step) -> StepAnswer:
        """Carry out a step; a claim without ids takes from the app's queue."""
        parts = self._components
        if parts.record_is_queue:
            return parts.orchestrator.advance(step)
        if step.claim is None or step.claim.ids is not None:
            return self._announced(step, parts.orchestrator.advance(step))
        return self._receive(step, step.claim)

    def finds_nothing(self) -> bool:
        """Whether a claim from the queue is known to find nothing, without asking anybody."""
        parts = self._components
        return not parts.record_is_queue and parts.broker.is_known_empty()

    def wait_and_claim(
        self,
        claim: ClaimRequest,
        marker: int,
        timeout_seconds: float,
        *,
        may_claim: Callable[[], bool],
        give_up: Callable[[], bool],
    ) -> StepAnswer | None:
        """Wait for work and claim it at once; None when nothing came of that: the caller looks for work itself.

        Args:
            claim: What is wanted.
            marker: From before the last look for work.
            timeout_seconds: How long to wait.
            may_claim: Asked after the wait, where that and the claim are two steps.
            give_up: Whether to ask no more for an answer that was lost.
        """
        parts = self._components
        if not parts.record_is_queue:
            return self._wait_and_take(claim, marker, timeout_seconds, may_claim, give_up)
        try:
            return parts.orchestrator.wait_and_claim(claim, marker, timeout_seconds)
        except CommitUnknownError:
            return advance_surely(self.advance, Step(claim=replace(claim, repeated=True)), give_up)

    def _wait_and_take(
        self,
        claim: ClaimRequest,
        marker: int,
        timeout_seconds: float,
        may_claim: Callable[[], bool],
        give_up: Callable[[], bool],
    ) -> StepAnswer | None:
        """Wait for a message, and claim what it names the moment it comes, which may be before this thread wakes up."""
        parts = self._components
        if self._held_back() > 0:
            parts.broker.store.wait_for_work(marker, timeout_seconds)
            return None
        send = parts.orchestrator.prepare_claim(claim)
        begun: Callable[[], StepAnswer] | None = None

        def begin(invocation_id: InvocationId) -> None:
            nonlocal begun
            if send is not None and may_claim():
                try:
                    begun = send(invocation_id)
                except StoreError as error:
                    begun = partial(_raise, error)

        delivery = parts.broker.wait_and_take(marker, timeout_seconds, self._lease_seconds, begin)
        if delivery is None:
            return None
        deliveries = (delivery,)
        if begun is None and not may_claim():
            self._settle((), deliveries)
            return None
        try:
            answer = self._decide(begun or partial(self._claim_named, claim, delivery), deliveries)
        except PASSING as error:
            unknown = isinstance(error, CommitUnknownError)
            answer = advance_surely(self.advance, Step(claim=replace(claim, repeated=unknown)), give_up)
        else:
            left = self._confirm(claim, deliveries, answer)
            self._learn(claim.limit, 1, used=1 - len(left))
        return answer if answer.claims else None

    def _claim_named(self, claim: ClaimRequest, delivery: Delivery) -> StepAnswer:
        return self._components.orchestrator.advance(Step(claim=claim.naming((delivery.invocation_id,))))

    def _held_back(self) -> float:
        """For so many seconds the queue is left to others."""
        return self._yields_until and self._yields_until - time.monotonic()

    def _receive(self, step: Step, claim: ClaimRequest) -> StepAnswer:
        """A message is a hint: it is confirmed once the claim has been decided, whatever the decision."""
        parts = self._components
        answer: StepAnswer | None = None
        if claim.repeated:
            # What it took before its answer was lost comes back; the queue has nothing to say about that.
            taken = replace(step, claim=claim.naming(()))
            answer = self._announced(step, parts.orchestrator.advance(taken))
            if answer.claims:
                return answer
        if (held_back := self._held_back()) > 0:
            return replace(answer or self._without_claim(step), next_due_seconds=held_back)
        advance = parts.orchestrator.advance
        while True:
            deliveries = parts.broker.receive(min(claim.limit, self._appetite), self._lease_seconds)
            if not deliveries:
                return answer or self._without_claim(step)
            ids = tuple(dict.fromkeys(delivery.invocation_id for delivery in deliveries))
            # One alone was taken or not: its state says nothing more.
            named, read = claim.naming(ids), ids if len(ids) > 1 else ()
            if answer is None:
                asked = Step(moves=step.moves, messages=step.messages, claim=named, read=(*step.read, *read))
                answer = latest = self._announced(step, self._decide(partial(advance, asked), deliveries))
            else:
                latest = self._decide(partial(advance, Step(claim=named, read=read)), deliveries)
                answer = replace(answer, claims=latest.claims)
            left = self._confirm(claim, deliveries, latest)
            self._learn(claim.limit, len(deliveries), used=len(deliveries) - len(left))
            if latest.claims or left:
                return answer

    def _decide(self, claim: Callable[[], StepAnswer], deliveries: Sequence[Delivery]) -> StepAnswer:
        try:
            return claim()
        except CommitUnknownError:
            raise
        except StoreError:
            self._settle((), deliveries)  # nothing was decided: others need not wait for the lease to end
            raise

    def _confirm(
        self, claim: ClaimRequest, deliveries: Sequence[Delivery], answer: StepAnswer
    ) -> set[InvocationId]:
        """Confirm what was decided; what is still available was not for this worker, others may have it."""
        if len(answer.claims) == len(deliveries):
            self._yields_seconds = self._yields_until = 0.0
            self._settle(deliveries, ())
            return set()
        refused = {d.invocation_id for d in deliveries} - {one.invocation_id for one in answer.claims}
        if refused and not answer.claims:
            # One of them would have been given, had it been claimable and not excluded. What falls due is pushed then.
            records = self._components.orchestrator.get_records(list(refused)) if claim.exclude_tasks else {}
            available = {i: one for i, one in records.items() if one.status in AVAILABLE}
            left = {i for i, record in available.items() if record.task_id in claim.exclude_tasks}
        else:
            states = answer.states
            left = {i for i in refused if i in states and states[i].status in AVAILABLE}
        self._yield_to_others(bool(left and not answer.claims))
        self._settle(
            [d for d in deliveries if d.invocation_id not in left],
            [d for d in deliveries if d.invocation_id in left],
        )
        return left

    def _learn(self, limit: int, received: int, *, used: int) -> None:
        """How many to take next time: more once all were of use several times, or led nowhere; not more than were."""
        if used < received:
            self._appetite, self._streak = max(used, 1), 0
            return
        self._streak += 1
        if received == self._appetite and (self._streak >= _STREAK or received > 1):
            self._appetite = min(limit, 2 * self._appetite)

    def _yield_to_others(self, refused: bool) -> None:
        """Do not take at once again what was just given back for others."""
        if not refused:
            self._yields_seconds = self._yields_until = 0.0
            return
        self._yields_seconds = min(
            max(2 * self._yields_seconds, _SHORTEST_YIELD_SECONDS), _LONGEST_YIELD_SECONDS
        )
        self._yields_until = time.monotonic() + self._yields_seconds

    def _settle(self, decided: Sequence[Delivery], undecided: Sequence[Delivery]) -> None:
        """Tell the queue. It delivers again what it does not hear of; an error must not lose what was claimed."""
        broker = self._components.broker
        try:
            if decided:
                broker.acknowledge(list(map(_receipt_of, decided)))
            if undecided:
                broker.give_back(list(map(_receipt_of, undecided)))
        except StoreError as error:
            logger.warning("the queue did not answer (%s); it delivers again what it did not hear of", error)

    def _without_claim(self, step: Step) -> StepAnswer:
        if not step.moves and not step.read:
            return StepAnswer()
        asked = Step(moves=step.moves, messages=step.messages, read=step.read)
        return self._announced(step, self._components.orchestrator.advance(asked))

    def _announced(self, step: Step, answer: StepAnswer) -> StepAnswer:
        """Tell the queue what became available, or urgent.

        The sweeper tells it of what is available if this fails, or this process dies here.
        """
        if not step.moves and not answer.unparked:
            return answer
        due = [
            move.invocation_id
            for move, result in zip(step.moves, answer.moves, strict=True)
            if move.to in AVAILABLE and not move.delay_seconds and result.accepted
        ]
        due += [*answer.unparked, *self._urgency.among(step, answer)]
        if due:
            push_hints(self._components, due, front=True)
        return answer


def _raise(error: StoreError) -> StepAnswer:
    raise error
