"""Answers that many pages ask for: each is read once for all who ask at about the same time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pynenc.exceptions import StoreError

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
#: Nobody is made to wait for an answer that takes longer, while there is an older one.
_LONG_SECONDS = 0.5
#: So many times as old as it took to read may such an older one be.
_OLDEST = 10.0


@dataclass(slots=True)
class _Answer:
    """One of them."""

    #: Held while it is read.
    lock: threading.Lock = field(default_factory=threading.Lock)
    #: How many have it in hand; guarded by the lock of all answers.
    askers: int = 0
    value: Any = None
    #: How long that took.
    seconds: float = 0.0
    #: Until when it counts as new, and until when it is given while a newer one is read.
    new_until: float = float("-inf")
    known_until: float = float("-inf")


class Remembered:
    """Answers by key; those that are too old to be given are let go of, because some are thousands of rows.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: dict[object, _Answer] = {}  # guarded by self._lock

    def get(self, key: object, read: Callable[[], _T], seconds: float) -> _T:
        """What was read within so many seconds, or is read now.

        What takes long is read beside, once there is an answer: meanwhile that one is given, unless it is old by now.
        """
        answer = self._take(key)
        try:
            now = self._clock()
            if now >= answer.known_until or (
                now >= answer.new_until and not self._renews(answer, read, seconds)
            ):
                with answer.lock:
                    if self._clock() >= answer.new_until:
                        self._read(answer, read, seconds)
            value: _T = answer.value
            return value
        finally:
            with self._lock:
                answer.askers -= 1

    def _take(self, key: object) -> _Answer:
        now = self._clock()
        with self._lock:
            if key not in self._answers or now >= self._answers[key].known_until:
                # Something is read anyway, which takes longer than to look through all.
                self._answers = {
                    name: one
                    for name, one in self._answers.items()
                    if one.askers or one.lock.locked() or now < one.known_until
                }
            answer = self._answers.setdefault(key, _Answer())
            answer.askers += 1
        return answer

    def _renews(self, answer: _Answer, read: Callable[[], _T], seconds: float) -> bool:
        """Whether somebody reads it anew beside, at least from now on."""
        if answer.seconds < _LONG_SECONDS:
            return False
        if answer.lock.acquire(blocking=False):

            def renew() -> None:
                try:
                    self._read(answer, read, seconds)
                except StoreError as error:
                    logger.warning("cannot renew what pages show, they show what was read before: %s", error)
                finally:
                    answer.lock.release()

            threading.Thread(target=renew, name="pynmon-renew", daemon=True).start()
        return True

    def _read(self, answer: _Answer, read: Callable[[], _T], seconds: float) -> None:
        """Called with the lock of the answer held."""
        began = self._clock()
        answer.value = read()
        # From its end on, so that slow reads do not follow one another.
        ended = self._clock()
        answer.seconds = ended - began
        answer.known_until = ended + max(seconds, _OLDEST * answer.seconds)
        answer.new_until = ended + seconds
