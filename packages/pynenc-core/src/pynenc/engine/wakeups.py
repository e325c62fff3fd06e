"""One subscription per process; wakes the local waiters of each invocation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from pynenc.contracts.store import BaseStore, BaseWatch
from pynenc.values.ids import InvocationId

#: Seconds after which a waiter looks again by itself: a lost notification costs this much, never a hang.
SAFETY_RECHECK_SECONDS = 1.0


class Wakeups:
    """Shares one store watch among all waiters of this process."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._watch: BaseWatch | None = None  # guarded by self._lock
        self._callbacks: dict[InvocationId, list[Callable[[], None]]] = {}  # guarded by self._lock

    @contextmanager
    def subscribed(
        self, ids: Iterable[InvocationId], wake: Callable[[], None], *, available: bool
    ) -> Iterator[Callable[[Iterable[InvocationId]], None]]:
        """Call ``wake`` from another thread whenever one of ``ids`` may be final (or available).

        Gives a function that asks to hear again of ids that were reported as available.
        """
        wanted = list(ids)
        with self._lock:
            if self._watch is None:
                self._watch = self._store.watch(self._on_ready)
            watch = self._watch
            for invocation_id in wanted:
                self._callbacks.setdefault(invocation_id, []).append(wake)

        def again(some: Iterable[InvocationId]) -> None:
            watch.add(some, available=available)

        again(wanted)
        try:
            yield again
        finally:
            self._forget(watch, wanted, wake)

    def close(self) -> None:
        """End the subscription; the next waiter opens a new one."""
        with self._lock:
            watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _forget(self, watch: BaseWatch, ids: Sequence[InvocationId], wake: Callable[[], None]) -> None:
        unwanted = []
        with self._lock:
            for invocation_id in ids:
                callbacks = self._callbacks.get(invocation_id)
                if callbacks is None:
                    continue
                callbacks.remove(wake)
                if not callbacks:
                    del self._callbacks[invocation_id]
                    unwanted.append(invocation_id)
        if unwanted:
            watch.discard(unwanted)

    def _on_ready(self, ids: Sequence[InvocationId]) -> None:
        with self._lock:
            callbacks = [wake for invocation_id in ids for wake in self._callbacks.get(invocation_id, ())]
        for wake in callbacks:
            wake()
