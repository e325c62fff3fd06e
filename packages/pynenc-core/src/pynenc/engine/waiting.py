"""Waiting for invocations: return at once, help first, else park; never hold a place while idle.

Inside a task a wait is one step that pauses the waiter, claims something it waits for and reads the rest.
What was claimed runs on this very thread: a blocked worker does exactly the work that unblocks it.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.engine import transitions
from pynenc.engine.current import ActiveInvocation, Slot, get_active
from pynenc.engine.patience import until_answered
from pynenc.engine.registry import TaskRegistry
from pynenc.engine.wakeups import SAFETY_RECHECK_SECONDS, Wakeups
from pynenc.exceptions import (
    InvocationError,
    InvocationNotFoundError,
    OwnershipLostError,
    WaitCycleError,
)
from pynenc.values.ids import InvocationId
from pynenc.values.operations import ClaimRequest, Move, MoveAnswer, MoveResult, Step, StepAnswer
from pynenc.values.records import InvocationState
from pynenc.values.status import AVAILABLE, FINAL

States = dict[InvocationId, InvocationState]


@dataclass(slots=True)
class _Wait:
    """One wait of one invocation, inside a task."""

    active: ActiveInvocation
    slot: Slot
    ids: tuple[InvocationId, ...]
    enough: int
    deadline: float | None
    done: States = field(default_factory=dict)
    #: Available, but a claim did not give them to this waiter: not asked for again until they changed.
    refused: set[InvocationId] = field(default_factory=set)

    @property
    def over(self) -> bool:
        return len(self.done) >= self.enough or self.expired

    @property
    def expired(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def open_ids(self) -> tuple[InvocationId, ...]:
        return tuple(i for i in self.ids if i not in self.done)

    def learn(self, states: States) -> None:
        self.done.update((i, state) for i, state in states.items() if state.status in FINAL)

    def available(self, states: States) -> list[InvocationId]:
        claimable = {i for i, state in states.items() if state.status in AVAILABLE}
        self.refused &= claimable
        return list(claimable - self.refused)


class Waiting:
    """Waits for invocations to become final, from inside and outside of tasks."""

    def __init__(
        self,
        orchestrator: BaseOrchestrator,
        advance: Callable[[Step], StepAnswer],
        wakeups: Wakeups,
        registry: TaskRegistry,
        max_help_depth: int,
    ) -> None:
        self._orchestrator = orchestrator
        self._advance = advance
        self._wakeups = wakeups
        self._registry = registry
        self._max_help_depth = max_help_depth

    def wait(self, ids: Sequence[InvocationId], enough: int, timeout_seconds: float | None = None) -> States:
        """Block until ``enough`` of ``ids`` are final; returns the final ones, fewer after the timeout.

        Raises:
            InvocationNotFoundError: one of them does not exist.
            WaitCycleError: inside a task, when waiting would close a cycle.
            OwnershipLostError: inside a task that was recovered meanwhile.
            InvocationError: on the event loop of a worker, which must not block.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        active = get_active()
        if active is not None and active.slot is not None and active.is_on_this_thread():
            return self._wait_inside(_Wait(active, active.slot, tuple(ids), enough, deadline))
        if active is not None and active.thread_id is None and _on_event_loop():
            raise InvocationError(
                active.invocation_id,
                "`.result` would block the worker's event loop: `await invocation.async_result()`",
            )
        return self._wait_outside(tuple(ids), enough, deadline)

    # -- outside of a task ----------------------------------------------------------------------------

    def _wait_outside(self, ids: tuple[InvocationId, ...], enough: int, deadline: float | None) -> States:
        done = self._final(ids)
        if len(done) >= enough:
            return done
        woken = threading.Event()
        with self._wakeups.subscribed((i for i in ids if i not in done), woken.set, available=False):
            while True:
                done.update(self._final([i for i in ids if i not in done]))
                remaining = SAFETY_RECHECK_SECONDS if deadline is None else deadline - time.monotonic()
                if len(done) >= enough or remaining <= 0:
                    return done
                woken.wait(min(remaining, SAFETY_RECHECK_SECONDS))
                woken.clear()

    def _final(self, ids: Collection[InvocationId]) -> States:
        return final_among(ids, self._orchestrator.get_states(list(ids)))

    # -- inside a task --------------------------------------------------------------------------------

    def _wait_inside(self, wait: _Wait) -> States:
        answer = self._step(
            wait,
            wait.slot.take_unsent(hand_back=True),
            transitions.pause(wait.active.claim, wait.ids, wait.enough),
        )
        entered = answer.moves[-1]
        check_pause(wait.active.invocation_id, wait.ids, entered)
        wait.learn(dict(answer.states))
        if entered.result is MoveResult.READY:
            return wait.done
        while True:
            if answer.claims:
                following = self._help(wait, answer)
                if following is None:
                    return wait.done
                answer = following
            elif wait.over:
                self._resume(wait, ())
                return wait.done
            else:
                answer = self._park(wait)

    def _help(self, wait: _Wait, answer: StepAnswer) -> StepAnswer | None:
        """Run what was claimed; its finish travels with the resumption, or with the next claim."""
        moves: tuple[Move, ...] = ()
        for claim in answer.claims:
            move = wait.slot.help(claim)
            moves += (move,)
            if move.to in FINAL and claim.invocation_id in wait.ids:
                # Read again with the commit: only what the store accepted counts.
                wait.done[claim.invocation_id] = InvocationState(claim.invocation_id, move.to, claim.epoch)
        if wait.over:
            self._resume(wait, moves)
            return None
        return self._step(wait, moves, None)

    def _park(self, wait: _Wait) -> StepAnswer:
        """Give the place back until something awaited is final or can be helped."""
        woken = threading.Event()
        parked = wait.slot.park()
        try:
            with self._wakeups.subscribed(wait.open_ids, woken.set, available=True) as again:
                while True:
                    states = self._states_of([*wait.open_ids, wait.active.invocation_id])
                    own = states.pop(wait.active.invocation_id, None)
                    if own is None or own.epoch != wait.active.claim.epoch or own.status in FINAL:
                        raise lost(wait.active.invocation_id)
                    wait.learn(states)
                    available = wait.available(states)
                    if wait.over or (available and self._may_help(wait)) or not parked:
                        break
                    woken.wait(self._patience(wait))
                    woken.clear()
                    again(available)
                if not parked and not wait.over and not available:
                    # The place stays taken, so this thread looks for anything that the awaited wait for.
                    woken.wait(min(0.05, self._patience(wait)))
        finally:
            if parked:
                wait.slot.unpark()
        if wait.over:
            return StepAnswer()
        return self._step(wait, (), None, chain=not parked)

    def _states_of(self, ids: list[InvocationId]) -> States:
        return until_answered(lambda: self._orchestrator.get_states(ids))

    def _patience(self, wait: _Wait) -> float:
        if wait.deadline is None:
            return SAFETY_RECHECK_SECONDS
        return max(0.0, min(wait.deadline - time.monotonic(), SAFETY_RECHECK_SECONDS))

    def _resume(self, wait: _Wait, moves: tuple[Move, ...]) -> None:
        step = Step(moves=(*moves, transitions.resume(wait.active.claim)), read=wait.ids)
        answer = until_answered(lambda: self._advance(step))
        if not answer.moves[-1].accepted:
            raise lost(wait.active.invocation_id)
        wait.done.clear()
        wait.learn(dict(answer.states))

    def _step(
        self, wait: _Wait, moves: tuple[Move, ...], pause: Move | None, *, chain: bool = False
    ) -> StepAnswer:
        open_ids = wait.open_ids
        claim = None
        if chain or self._may_help(wait):
            claim = ClaimRequest(
                runner=wait.slot.identity,
                token=uuid.uuid4().hex,
                ids=open_ids,
                chain=chain,
                recovered=False,
                exclude_tasks=self._registry.not_helpable | wait.slot.unknown_tasks(),
            )
        step = Step(moves=moves if pause is None else (*moves, pause), claim=claim, read=open_ids)
        answer = until_answered(lambda: self._advance(step))
        states = dict(answer.states)
        wait.learn(states)
        if claim is not None and not answer.claims:
            wait.refused.update(wait.available(states))
        return answer

    def _may_help(self, wait: _Wait) -> bool:
        return wait.slot.depth < self._max_help_depth


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
