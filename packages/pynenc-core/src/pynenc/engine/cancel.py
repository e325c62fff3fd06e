"""Ends invocations from outside, with whatever they called if that is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.engine import transitions
from pynenc.engine.patience import Advance
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery, Step

_PAGE = 500


class Canceller:
    """Cancels invocations. One that runs loses its owner at once; its worker notices within about a second."""

    def __init__(self, orchestrator: BaseOrchestrator, advance: Advance) -> None:
        self._orchestrator = orchestrator
        self._advance = advance

    def cancel(self, invocation_id: InvocationId, *, cascade: bool, reason: str) -> bool:
        """Cancel an invocation, and with ``cascade`` everything below it that is not final.

        Returns:
            Whether this call ended the invocation; False when it was final already.
        """
        cancelled = self._cancel_all([invocation_id], reason)
        # Parents first, so that what they go on to call has a cancelled parent and is found by the next look.
        while cascade and (below := list(_open_descendants(self._orchestrator, invocation_id))):
            if not self._cancel_all(below, f"with '{invocation_id}'" + (f": {reason}" if reason else "")):
                break
        return bool(cancelled)

    def _cancel_all(self, ids: list[InvocationId], reason: str) -> int:
        cancelled = 0
        for at in range(0, len(ids), _PAGE):
            moves = tuple(transitions.cancel(invocation_id, reason) for invocation_id in ids[at : at + _PAGE])
            cancelled += sum(answer.accepted for answer in self._advance(Step(moves=moves)).moves)
        return cancelled


def _open_descendants(orchestrator: BaseOrchestrator, root: InvocationId) -> Iterator[InvocationId]:
    """Everything below an invocation that is not final, also below what is final."""
    parents = [root]
    while parents:
        parent = parents.pop()
        after = None
        while page := orchestrator.list_records(InvocationQuery(parent_id=parent, after=after, limit=_PAGE)):
            for record in page:
                parents.append(record.invocation_id)
                if not record.status.is_final():
                    yield record.invocation_id
            after = page[-1].invocation_id
