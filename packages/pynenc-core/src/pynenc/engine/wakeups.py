"""One subscription per process; wakes the local waiters of each invocation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from pynenc.contracts.store import BaseStore, BaseWatch
from pynenc.values.ids import InvocationId

#: Seconds after which a waiter looks again by itself: a lost notification costs this much, never a hang.
SAFETY_RECHECK_SECONDS = 1.0


class Signal:
    """What one waiter was told and has not looked at yet.

    Args:
        ring: Called after something was added, from whatever thread.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._ids: set[InvocationId] = set()  # guarded by self._lock

    def add(self, ids: Iterable[InvocationId]) -> None:
        """Tell of invocations that may be final or available."""
        with self._lock:
            self._ids.update(ids)
        self._ring()

    def take(self) -> list[InvocationId]:
        """What was told since the last look."""
        with self._lock:
            ids, self._ids = self._ids, set()
        return list(ids)


class Wakeups:
    """Shares one store watch among all waiters of this process."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._watch: BaseWatch | None = None  # guarded by self._lock
        self._signals: dict[InvocationId, list[Signal]] = {}  # guarded by self._lock

    @contextmanager
    def subscribed(
        self, ids: Iterable[InvocationId], signal: Signal, *, available: bool
    ) -> Iterator[Callable[[Iterable[InvocationId]], None]]:
        """Tell ``signal`` whenever one of ``ids`` may be final (or available), from another thread.

        Gives a function that asks to hear again of ids that were reported as available.
        """
        wanted = list(ids)
        with self._lock:
            if self._watch is None:
                self._watch = self._store.watch(self._on_ready)
            watch = self._watch
            for invocation_id in wanted:
                self._signals.setdefault(invocation_id, []).append(signal)

        def again(some: Iterable[InvocationId]) -> None:
            watch.add(some, available=available)

        again(wanted)
        try:
            yield again
        finally:
            self._forget(watch, wanted, signal)

    def close(self) -> None:
        """End the subscription; the next waiter opens a new one."""
        with self._lock:
            watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _forget(self, watch: BaseWatch, ids: Sequence[InvocationId], signal: Signal) -> None:
        unwanted = []
        with self._lock:
            for invocation_id in ids:
                signals = self._signals[invocation_id]
                signals.remove(signal)
                if not signals:
                    del self._signals[invocation_id]
                    unwanted.append(invocation_id)
        if unwanted:
            watch.discard(unwanted)

    def _on_ready(self, ids: Sequence[InvocationId]) -> None:
        told: dict[Signal, list[InvocationId]] = {}
        with self._lock:
            for invocation_id in ids:
                for signal in self._signals.get(invocation_id, ()):
                    told.setdefault(signal, []).append(invocation_id)
        for signal, its_ids in told.items():
            signal.add(its_ids)
