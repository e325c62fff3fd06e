"""What may not fail because a store is away for a while: ask again until it answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from pynenc.exceptions import CommitUnknownError, StoreBusyError, StoreFullError, StoreUnavailableError

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Errors that pass by themselves; the same request may be sent again, because it is fenced by its token.
PASSING = (StoreUnavailableError, StoreBusyError, StoreFullError, CommitUnknownError)

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


def until_answered(request: Callable[[], T], give_up: Callable[[], bool] = lambda: False) -> T:
    """Repeat ``request`` while the store is away, with growing pauses of at most a second.

    Args:
        request: Something that is safe to repeat.
        give_up: Asked before each pause; True raises the last error instead.

    Raises:
        StoreError: one that does not pass by waiting, or any once ``give_up`` says so.
    """
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return request()
        except PASSING as error:
            if give_up():
                raise
            logger.warning("the store did not answer (%s), trying again in %.2g s", error, pause)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
