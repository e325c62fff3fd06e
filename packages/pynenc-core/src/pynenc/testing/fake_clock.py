"""A clock that stands still until a test moves it."""

from __future__ import annotations

#: 2025-01-01 00:00:00 UTC
_START = 1_735_689_600.0


class FakeClock:
    """Time for tests. Reading it costs nothing, and two runs of a test read the same.

    Args:
        start: Seconds since 1970-01-01 UTC.
    """

    def __init__(self, start: float = _START) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move on; nothing is run by this.

        Raises:
            ValueError: time does not go backwards.
        """
        if not seconds >= 0:
            raise ValueError(f"a clock cannot be advanced by {seconds!r} seconds")
        self._elapsed += seconds
