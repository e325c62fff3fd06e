"""Ends invocations from outside, with whatever they called if that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.engine import transitions
from pynenc.engine.patience import Advance, advance_surely
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery, Step

_PAGE = 500


class Canceller:
    """Cancels invocations. One that runs loses its owner at once; its worker notices within about a second.

    Args:
        orchestrator: Where the invocations are.
        advance: Carries out a step.
        patience_seconds: A step is sent again for so long while the store is away.
    """

    def __init__(self, orchestrator: BaseOrchestrator, advance: Advance, patience_seconds: float) -> None:
        self._orchestrator = orchestrator
        self._advance = advance
        self._patience_seconds = patience_seconds

    def cancel(self, ids: Sequence[InvocationId], *, cascade: bool, reason: str) -> frozenset[InvocationId]:
        """Cancel invocations, and with ``cascade`` everything below them that is not final.

        Returns:
            Those of ``ids`` that this call ended; the others were final already, or do not exist.

        Raises:
            StoreError: the store was away for too long. What was cancelled until then stays so; the same call
                goes on with the rest.
        """
        cancelled = self._end(ids, reason)
        for invocation_id in ids if cascade else ():
            # Parents first, so that what they go on to call has a cancelled parent and is found by the next look.
            while below := list(_open_descendants(self._orchestrator, invocation_id)):
                if not self._end(below, f"with '{invocation_id}'" + (f": {reason}" if reason else "")):
                    break
        return cancelled

    def _end(self, ids: Sequence[InvocationId], reason: str) -> frozenset[InvocationId]:
        cancelled: set[InvocationId] = set()
        for at in range(0, len(ids), _PAGE):
            moves = tuple(transitions.cancel(invocation_id, reason) for invocation_id in ids[at : at + _PAGE])
            answer = advance_surely(self._advance, Step(moves=moves), self._out_of_patience())
            cancelled.update(
                move.invocation_id
                for move, result in zip(moves, answer.moves, strict=True)
                if result.accepted
            )
        return frozenset(cancelled)

    def _out_of_patience(self) -> Callable[[], bool]:
        deadline = time.monotonic() + self._patience_seconds
        return lambda: time.monotonic() > deadline


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
