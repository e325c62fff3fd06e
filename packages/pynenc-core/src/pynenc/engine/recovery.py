"""Takes invocations from owners that are gone. Each is one compare-and-set, so recoverers may overlap."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine import transitions
from pynenc.engine.components import Components
from pynenc.engine.hints import push_hints
from pynenc.engine.payloads import Payloads
from pynenc.exceptions import WorkerLostError
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Move, OwnedInvocation, Step
from pynenc.values.runners import Beat
from pynenc.values.status import AVAILABLE, InvocationStatus

logger = logging.getLogger(__name__)

_BATCH = 200


class Recovery:
    """Hands the work of dead runners to the living."""

    def __init__(self, components: Components, payloads: Payloads) -> None:
        self._components = components
        self._payloads = payloads
        self._max_recoveries = components.conf.max_recoveries

    def recover(self, dead: Sequence[RunnerId], reason: str) -> int:
        """Recover everything that ``dead`` runners, or runners marked as stopped, still own.

        Only what was RUNNING counts a recovery: its code may be what kills workers. With
        ``max_recoveries`` counted it fails for good.

        Returns:
            How many invocations changed hands.
        """
        orchestrator = self._components.orchestrator
        recovered: set[InvocationId] = set()
        while orphans := orchestrator.find_orphans(dead, _BATCH):
            # Each once: whoever is taken for dead, and lives, may have claimed it again already.
            moves = tuple(self._move(one, reason) for one in orphans if one.invocation_id not in recovered)
            answers = orchestrator.advance(Step(moves=moves)).moves if moves else ()
            accepted = [move for move, answer in zip(moves, answers, strict=True) if answer.accepted]
            recovered |= {move.invocation_id for move in accepted}
            self._publish(accepted)
            if not accepted:
                break
        if dead:
            orchestrator.beat(Beat(stopped=tuple((runner_id, "lost") for runner_id in dead)))
        if recovered:
            logger.warning("recovered %d invocations: %s", len(recovered), reason)
        return len(recovered)

    def owned_by(self, owner: RunnerId, limit: int = _BATCH) -> list[OwnedInvocation]:
        """What a worker owns, by what the store says."""
        return [
            one
            for one in self._components.orchestrator.find_orphans([owner], limit)
            if one.runner_id == owner
        ]

    def hand_back(self, owned: Sequence[OwnedInvocation], reason: str) -> bool:
        """Return what a living worker owns and does not run; whether any of it still was as it had been read."""
        moves = tuple(transitions.hand_back_owned(one, reason) for one in owned)
        answers = self._components.orchestrator.advance(Step(moves=moves)).moves
        accepted = [move for move, answer in zip(moves, answers, strict=True) if answer.accepted]
        self._publish(accepted)
        return bool(accepted)

    def hand_back_all(self, owner: RunnerId, reason: str) -> None:
        """Return everything that a worker owns that is about to end by itself."""
        while (owned := self.owned_by(owner)) and self.hand_back(owned, reason):
            pass

    def _publish(self, moves: Sequence[Move]) -> None:
        claimable = [m.invocation_id for m in moves if m.to in AVAILABLE and not m.delay_seconds]
        push_hints(self._components, claimable, front=True)

    def _move(self, owned: OwnedInvocation, reason: str) -> Move:
        counted = owned.status is InvocationStatus.RUNNING
        if not counted or owned.recoveries + 1 < self._max_recoveries:
            return transitions.recover(owned, counted=counted, reason=reason)
        error = WorkerLostError(
            owned.invocation_id,
            f"its worker died {owned.recoveries + 1} times while it ran (last: {reason}); it is not tried "
            "again. If the task is not what kills the worker, raise max_recoveries",
        )
        outcome = self._payloads.encode_exception(error, owned.invocation_id)
        if not self._components.record_holds_payloads and outcome.data is not None:
            key = PayloadKey(owned.invocation_id, owned.epoch, PayloadKind.OUTCOME)
            self._components.state_backend.put_payloads({key: outcome.data})
        return transitions.give_up(owned, outcome, reason)
