"""Has what waits for its next attempt tried again before its time."""

from __future__ import annotations

import time

from pynenc.engine import transitions
from pynenc.engine.patience import Advance, advance_surely
from pynenc.values.ids import InvocationId
from pynenc.values.operations import Step


class Hastener:
    """Ends waits for a next attempt.

    Args:
        advance: Carries out a step.
        patience_seconds: A step is sent again for so long while the store is away.
    """

    def __init__(self, advance: Advance, patience_seconds: float) -> None:
        self._advance = advance
        self._patience_seconds = patience_seconds

    def hasten(self, invocation_id: InvocationId, reason: str) -> bool:
        """Make an invocation in RETRY claimable now; False when it is in another status, or does not exist.

        Raises:
            StoreError: the store was away for too long.
        """
        deadline = time.monotonic() + self._patience_seconds
        step = Step(moves=(transitions.hasten(invocation_id, reason),))
        answer = advance_surely(self._advance, step, lambda: time.monotonic() > deadline)
        return answer.moves[0].accepted
