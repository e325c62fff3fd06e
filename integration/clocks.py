"""Time that passes when a test says so, and waiting for what other threads do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Nothing that is waited for here takes longer, except when it is broken.
DEADLINE_SECONDS = 10.0


class ManualClock:
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self._now = 1_800_000_000.0

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    def monotonic(self) -> float:
        """The same."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


def eventually(condition: Callable[[], object], what: str) -> None:
    """Return once a condition holds; fail when it does not in time."""
    pause = threading.Event()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS:g} s: {what}"
        pause.wait(0.001)


def in_threads(*functions: Callable[[], object]) -> None:
    """Run functions at the same time; fail with the first error that one of them raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(functions))

    def run(function: Callable[[], object]) -> None:
        try:
            start.wait(DEADLINE_SECONDS)
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(function,), daemon=True) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(6 * DEADLINE_SECONDS)
        assert not thread.is_alive(), "a thread does not end"
    if errors:
        raise errors[0]
