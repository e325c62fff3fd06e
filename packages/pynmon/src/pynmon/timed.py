"""How long the store takes for what the monitor asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, cast

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynmon.ended import Histogram


class Queries:
    """Durations by the name of what was asked; what failed took time, too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._histograms: dict[str, Histogram] = {}  # guarded by self._lock

    def note(self, name: str, seconds: float) -> None:
        """Count one."""
        with self._lock:
            self._histograms.setdefault(name, Histogram()).add(seconds)

    def histograms(self) -> dict[str, Histogram]:
        """By name, as they are now."""
        with self._lock:
            return {
                name: Histogram(list(one.counts), one.total) for name, one in sorted(self._histograms.items())
            }


def timed(store: BaseMonitorStore, queries: Queries) -> BaseMonitorStore:
    """The same store, of which every question is noted.

    Args:
        store: Asked.
        queries: Where that is noted.
    """
    return cast("BaseMonitorStore", _Timed(store, queries))


class _Timed:
    def __init__(self, store: BaseMonitorStore, queries: Queries) -> None:
        self._store = store
        self._queries = queries

    def __getattr__(self, name: str) -> Callable[..., Any]:
        ask: Callable[..., Any] = getattr(self._store, name)

        def asked(*arguments: Any, **others: Any) -> Any:
            began = time.perf_counter()
            try:
                return ask(*arguments, **others)
            finally:
                self._queries.note(name, time.perf_counter() - began)

        # Found without this the next time.
        setattr(self, name, asked)
        return asked
