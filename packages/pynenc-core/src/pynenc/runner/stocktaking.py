"""What a worker owns without knowing: claims that were carried out after it was told that they were not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pynenc.engine.recovery import Recovery
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId, RunnerId

logger = logging.getLogger(__name__)

#: More than a claim gives at once.
_MARGIN = 100


class Stocktaking:
    """Compares what the store says a worker owns with what the worker knows of, and returns the rest.

    An answer that is lost on its way, or a claim that a slow network delivers after it was given up, leaves an
    invocation with a living owner that will never run it; no recovery of dead runners finds it.

    Args:
        recovery: Returns what is owned.
        owner: The worker.
        interval_seconds: From one look to the next. What is unknown in two looks, and did not change between them,
            goes back: an answer may be on its way at the moment of one.
    """

    def __init__(
        self,
        recovery: Recovery,
        owner: RunnerId,
        interval_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recovery = recovery
        self._owner = owner
        self._interval = interval_seconds
        self._monotonic = monotonic
        self._next_look = monotonic() + interval_seconds
        self._unknown: frozenset[tuple[InvocationId, int]] = frozenset()

    def look(self, known: Callable[[], set[InvocationId]]) -> None:
        """Look, if it is time to; ``known`` is asked after the store was.

        Raises:
            StoreError: the store did not answer.
        """
        now = self._monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._interval
        try:
            self._compare(known)
        except StoreError:
            # What was on its way when the store went away is sent again; only then is it time to wonder.
            self._unknown = frozenset()
            raise

    def _compare(self, known: Callable[[], set[InvocationId]]) -> None:
        owned = self._recovery.owned_by(self._owner, len(known()) + _MARGIN)
        knows = known()
        unknown = [one for one in owned if one.invocation_id not in knows]
        lost = [one for one in unknown if (one.invocation_id, one.seq) in self._unknown]
        self._unknown = frozenset((one.invocation_id, one.seq) for one in unknown)
        if lost and self._recovery.hand_back(lost, "claimed for a worker that never heard of it"):
            logger.warning("returned %d invocations that were claimed without an answer", len(lost))
