"""Which statuses of which tasks are recorded for triggers, as far as this process knows."""

from __future__ import annotations

import time

_NONE: frozenset[str] = frozenset()
#: Whoever watches something new waits for so long, so that everybody knows of it.
FRESH_SECONDS = 0.25


class Watched:
    """A copy of the watched statuses that is read anew when it is older than ``FRESH_SECONDS``."""

    def __init__(self) -> None:
        self._by_task: dict[str, frozenset[str]] = {}
        self._read_at = -1e9

    @property
    def is_fresh(self) -> bool:
        """Whether it may be used as it is."""
        return time.monotonic() - self._read_at < FRESH_SECONDS

    def renew(self, by_task: dict[str, frozenset[str]], read_at: float) -> None:
        """Take what was read; ``read_at`` is the steady clock before reading."""
        self._by_task, self._read_at = by_task, read_at

    def statuses(self, task_id: str) -> frozenset[str]:
        """The watched statuses of one task."""
        return self._by_task.get(task_id, _NONE)
