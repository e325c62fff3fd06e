"""Signal handlers set a flag and nothing else: they never raise into a store operation."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger(__name__)

#: The main thread waits no longer than this at a time: a signal that arrives just before it waits for a lock
#: does not wake it, and its handler runs only when the wait is over.
SIGNAL_LOOK_SECONDS = 0.5

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signal(stop: Callable[[], None], again: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` on the first SIGINT or SIGTERM and ``again`` on later ones, while the block runs.

    Only the main thread can have handlers; elsewhere nothing is installed, and the program stops the runner
    by calling it.
    """
    if threading.current_thread() is not threading.main_thread():
        logger.debug("not in the main thread: signals do not stop this runner")
        yield
        return
    count = 0

    def handle(signum: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        (stop if count == 1 else again)()

    previous = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def wait_with_signals(wait: Callable[[float], bool], seconds: float = math.inf) -> bool:
    """Wait until ``wait`` is True, or for so long, and run signal handlers soon meanwhile.

    Args:
        wait: Waits for at most the given seconds; True when what it waits for happened.
        seconds: How long in all.
    """
    deadline = time.monotonic() + seconds
    while not wait(max(0.0, min(SIGNAL_LOOK_SECONDS, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            return False
    return True
