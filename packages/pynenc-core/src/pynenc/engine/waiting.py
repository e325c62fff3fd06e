"""Waiting for invocations: return at once, help first, else park; never hold a place while idle.

Inside a task a wait is one step that pauses the waiter, claims something it waits for and reads the rest.
What was claimed runs on this very thread: a blocked worker does exactly the work that unblocks it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.engine import transitions
from pynenc.engine.current import ActiveInvocation, Slot, get_active
from pynenc.engine.patience import Advance, until_answered
from pynenc.engine.registry import TaskRegistry
from pynenc.engine.wakeups import SAFETY_RECHECK_SECONDS, Signal, Wakeups
from pynenc.exceptions import (
    InvocationError,
    InvocationNotFoundError,
    OwnershipLostError,
    WaitCycleError,
)
from pynenc.values.bell import Bell
from pynenc.values.clock import WaitableClock
from pynenc.values.ids import InvocationId
from pynenc.values.operations import ClaimRequest, Move, MoveAnswer, MoveResult, Step, StepAnswer
from pynenc.values.records import InvocationState
from pynenc.values.status import AVAILABLE, FINAL

States = dict[InvocationId, InvocationState]

#: Of many awaited invocations so many are offered to one claim: the cost of a step must not grow with the group.
_OFFERED = 64
#: A waiter whose place stays taken looks this often for anything that the awaited wait for.
_CHAIN_RECHECK_SECONDS = 0.05


@dataclass(slots=True)
class _Wait:
    """One wait of one invocation, inside a task."""

    active: ActiveInvocation
    slot: Slot
    ids: tuple[InvocationId, ...]
    enough: int
    clock: WaitableClock
    deadline: float | None
    #: Awaited and not known to be final, in the order of the call.
    open: dict[InvocationId, None] = field(init=False)
    #: Available, but a claim did not give them to this waiter: not asked for again until they changed.
    refused: set[InvocationId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.open = dict.fromkeys(self.ids)

    @property
    def over(self) -> bool:
        done = len(self.ids) - len(self.open)
        return done >= self.enough or (self.deadline is not None and self.clock.monotonic() >= self.deadline)

    def offer(self, chain: bool) -> tuple[InvocationId, ...]:
        """What to ask a claim for, or where to follow the chain from."""
        wanted = self.open if chain else (i for i in self.open if i not in self.refused)
        return tuple(islice(wanted, _OFFERED))

    def learn(self, states: Mapping[InvocationId, InvocationState]) -> None:
        """Take note of how things stand."""
        for invocation_id, state in states.items():
            if state.status in FINAL:
                self.open.pop(invocation_id, None)
            elif state.status not in AVAILABLE:
                self.refused.discard(invocation_id)


class Waiting:
    """Waits for invocations to become final, from inside and outside of tasks."""

    def __init__(
        self,
        orchestrator: BaseOrchestrator,
        advance: Advance,
        wakeups: Wakeups,
        registry: TaskRegistry,
        clock: WaitableClock,
        max_help_depth: int,
    ) -> None:
        self._orchestrator = orchestrator
        self._advance = advance
        self._wakeups = wakeups
        self._registry = registry
        self._clock = clock
        self._max_help_depth = max_help_depth

    def wait(self, ids: Sequence[InvocationId], enough: int, timeout_seconds: float | None = None) -> States:
        """Block until ``enough`` of ``ids`` are final; returns the final ones, fewer after the timeout.

        Raises:
            InvocationNotFoundError: one of them does not exist.
            WaitCycleError: inside a task, when waiting would close a cycle.
            OwnershipLostError: inside a task that was recovered meanwhile.
            InvocationError: on the event loop of a worker, which must not block.
        """
        deadline = None if timeout_seconds is None else self._clock.monotonic() + timeout_seconds
        unique = tuple(dict.fromkeys(ids))
        enough = min(enough, len(unique))
        active = get_active()
        if active is not None and active.workflow is not None and active.is_on_this_thread():
            known = active.workflow.known_states(unique, enough)
            if known is not None:
                return known
        if active is not None and active.slot is not None and active.is_on_this_thread():
            with active.waiting():
                return self._wait_inside(_Wait(active, active.slot, unique, enough, self._clock, deadline))
        if active is not None and active.thread_id is None and _on_event_loop():
            raise InvocationError(
                active.invocation_id,
                "`.result` would block the worker's event loop: `await invocation.async_result()`",
            )
        return self._wait_outside(unique, enough, deadline)

    # -- outside of a task ----------------------------------------------------------------------------

    def _wait_outside(self, ids: tuple[InvocationId, ...], enough: int, deadline: float | None) -> States:
        done: States = {}
        bell = Bell()
        signal = Signal(bell.ring)
        with self._wakeups.subscribed(ids, signal, available=False):
            told = True
            while True:
                late = deadline is not None and self._clock.monotonic() >= deadline
                # Only what was reported is read, by now what was final before; everything at the end, and when nothing
                # was reported for a while.
                news = signal.take() if told and not late else ids
                done.update(self._final([i for i in news if i not in done]))
                if late or len(done) >= enough:
                    return done
                told = self._clock.wait(bell, deadline, SAFETY_RECHECK_SECONDS)

    def _final(self, ids: Collection[InvocationId]) -> States:
        return final_among(ids, self._orchestrator.get_states(list(ids))) if ids else {}

    # -- inside a task --------------------------------------------------------------------------------

    def _wait_inside(self, wait: _Wait) -> States:
        pause = transitions.pause(wait.active.claim, wait.ids, wait.enough)
        moves = (*wait.slot.take_unsent(hand_back=True), pause)
        answer = self._step(wait, moves, wait.ids)
        entered = answer.moves[-1]
        check_pause(wait.active.invocation_id, wait.ids, entered)
        if entered.result is MoveResult.READY:
            return {i: state for i, state in answer.states.items() if state.status in FINAL}
        try:
            return self._until_over(wait, answer)
        except BaseException:
            # Whatever ended the wait, its code goes on: what it comes to is accepted only while it runs.
            self._advance(Step(moves=(transitions.resume(wait.active.claim),)))
            raise

    def _until_over(self, wait: _Wait, answer: StepAnswer) -> States:
        while True:
            if answer.claims:
                move = wait.slot.help(answer.claims[0])
                if move.to in FINAL:
                    # Read again with the commit: only what the store accepted counts.
                    wait.open.pop(move.invocation_id, None)
                if wait.over:
                    return self._resume(wait, (move,))
                answer = self._step(wait, (move,), ())
            elif wait.over:
                return self._resume(wait, ())
            else:
                answer = self._park(wait)

    def _park(self, wait: _Wait) -> StepAnswer:
        """Give the place back until something awaited is final or can be helped."""
        bell = Bell()
        signal = Signal(bell.ring)
        parked = wait.slot.park()
        try:
            with self._wakeups.subscribed(wait.open, signal, available=True) as again:
                told = False
                while True:
                    news = signal.take() if told else list(wait.open)
                    available = self._look(wait, news)
                    if wait.over or (available and self._may_help(wait)):
                        break
                    if not parked:
                        # The place stays taken: anything that the awaited wait for helps as well.
                        self._clock.wait(bell, wait.deadline, _CHAIN_RECHECK_SECONDS)
                        break
                    again(available)
                    told = self._clock.wait(bell, wait.deadline, SAFETY_RECHECK_SECONDS)
                    if not told:
                        wait.refused.clear()  # one of them may have changed unseen
        finally:
            if parked:
                wait.slot.unpark()
        if wait.over:
            return StepAnswer()
        return self._step(wait, (), (), chain=not parked)

    def _look(self, wait: _Wait, ids: Sequence[InvocationId]) -> list[InvocationId]:
        """Read how things stand; returns what could be helped."""
        claim = wait.active.claim
        wanted = [*ids, claim.invocation_id]
        states = until_answered(lambda: self._orchestrator.get_states(wanted))
        own = states.pop(claim.invocation_id, None)
        if own is None or own.epoch != claim.epoch or own.status in FINAL:
            raise lost(claim.invocation_id)
        wait.learn(states)
        return [i for i, s in states.items() if s.status in AVAILABLE and i not in wait.refused]

    def _resume(self, wait: _Wait, moves: tuple[Move, ...]) -> States:
        resume = transitions.resume(wait.active.claim)
        answer = self._advance(Step(moves=(*moves, resume), read=wait.ids))
        if not answer.moves[-1].accepted:
            raise lost(wait.active.invocation_id)
        return {i: state for i, state in answer.states.items() if state.status in FINAL}

    def _step(
        self,
        wait: _Wait,
        moves: tuple[Move, ...],
        read: tuple[InvocationId, ...],
        *,
        chain: bool = False,
    ) -> StepAnswer:
        """Write moves and claim something awaited; what was offered and not given is not offered again."""
        claim = None
        helps = self._may_help(wait) or (chain and wait.slot.may_claim)
        offer = wait.offer(chain) if helps else ()
        if offer:
            claim = ClaimRequest(
                runner=wait.slot.identity,
                token=uuid.uuid4().hex,
                ids=offer,
                chain=chain,
                recovered=False,
                exclude_tasks=self._registry.not_helpable | wait.slot.unknown_tasks(),
            )
        answer = self._advance(Step(moves=moves, claim=claim, read=read))
        wait.learn(answer.states)
        if offer and not answer.claims:
            wait.refused.update(offer)
        return answer

    def _may_help(self, wait: _Wait) -> bool:
        return wait.slot.may_claim and wait.slot.depth < self._max_help_depth


def final_among(ids: Collection[InvocationId], states: Mapping[InvocationId, InvocationState]) -> States:
    """Those of ``ids`` that are final.

    Raises:
        InvocationNotFoundError: one of them has no state.
    """
    if len(states) < len(set(ids)):
        raise InvocationNotFoundError(next(i for i in ids if i not in states))
    return {i: state for i, state in states.items() if state.status in FINAL}


def check_pause(waiter: InvocationId, ids: Sequence[InvocationId], entered: MoveAnswer) -> None:
    """Raise what a pause that was not entered means to the waiter."""
    if entered.result is MoveResult.CYCLE:
        cycle = " → ".join(entered.ids)
        raise WaitCycleError(
            waiter, f"it would wait for itself: {cycle}; let one of them not wait for the next"
        )
    if entered.result is MoveResult.MISSING:
        raise InvocationNotFoundError(entered.ids[0] if entered.ids else ids[0])
    if entered.result in (MoveResult.FENCED, MoveResult.UNKNOWN):
        raise lost(waiter)


def lost(waiter: InvocationId) -> OwnershipLostError:
    """The error for code of an attempt that no longer owns its invocation."""
    return OwnershipLostError(
        f"invocation '{waiter}' was taken from this worker while it waited (recovered or cancelled): "
        "nothing that this attempt still does is kept"
    )


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
