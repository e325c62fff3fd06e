"""What came with the news of an end, for stores that push it: whoever waited need not read the state."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Generic, TypeVar

from pynenc.values.ids import InvocationId

#: A state as the store tells it.
T = TypeVar("T")

#: What was said of an end is used instead of a read for so long: what is final changes no more, but it may be deleted.
_FRESH_SECONDS = 1.0


class HeardEnds(Generic[T]):
    """The ends that this process heard of a moment ago; each is given once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: When it was heard of, oldest first. Guarded by self._lock.
        self._heard: dict[InvocationId, tuple[float, T]] = {}

    def note(self, invocation_id: InvocationId, state: T) -> None:
        """Somebody waits for this one, and it is final now."""
        now = time.monotonic()
        with self._lock:
            self._heard[invocation_id] = now, state
            while (first := next(iter(self._heard.items())))[1][0] <= now - _FRESH_SECONDS:
                del self._heard[first[0]]

    def take(self, ids: Iterable[InvocationId]) -> dict[InvocationId, T]:
        """Those of these that were heard of just now."""
        if not self._heard:
            return {}
        oldest = time.monotonic() - _FRESH_SECONDS
        with self._lock:
            told = [(one, self._heard.pop(one, None)) for one in ids]
        return {one: heard[1] for one, heard in told if heard is not None and heard[0] > oldest}

    def forget(self) -> None:
        """Something was deleted."""
        with self._lock:
            self._heard.clear()
