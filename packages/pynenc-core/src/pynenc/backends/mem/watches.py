"""Who wants to hear which invocation becoming final or claimable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

from pynenc.contracts.store import BaseWatch, OnReady
from pynenc.values.ids import InvocationId

#: What is to be said to whom once the lock is released.
Reports = dict["MemWatch", list[InvocationId]]


class Watches:
    """The subscriptions of one store. Everything here is called with the store's lock held."""

    def __init__(self) -> None:
        #: By id: who is interested, and whether also in it becoming claimable.
        self._interests: dict[InvocationId, dict[MemWatch, bool]] = {}
        self._reports: Reports = {}

    def add(self, watch: MemWatch, invocation_id: InvocationId, available: bool) -> None:
        """Note an interest in an invocation that is not final."""
        interests = self._interests.setdefault(invocation_id, {})
        interests[watch] = available or interests.get(watch, False)

    def discard(self, watch: MemWatch, invocation_id: InvocationId) -> None:
        """Forget an interest."""
        interests = self._interests.get(invocation_id)
        if interests is not None and interests.pop(watch, None) is not None and not interests:
            del self._interests[invocation_id]

    def discard_all(self, watch: MemWatch) -> None:
        """Forget every interest of one subscription."""
        for invocation_id in [found for found, by in self._interests.items() if watch in by]:
            self.discard(watch, invocation_id)

    def note_final(self, invocation_id: InvocationId) -> None:
        """An invocation has become final."""
        for watch in self._interests.pop(invocation_id, ()):
            self._reports.setdefault(watch, []).append(invocation_id)

    def note_available(self, invocation_id: InvocationId) -> None:
        """An invocation has become claimable."""
        interests = self._interests.get(invocation_id)
        if interests is not None:
            for watch, available in interests.items():
                if available:
                    interests[watch] = False
                    self._reports.setdefault(watch, []).append(invocation_id)

    def take_reports(self) -> Reports | None:
        """What is to be delivered after the lock is released."""
        if not self._reports:
            return None
        reports, self._reports = self._reports, {}
        return reports


class MemWatch(BaseWatch):
    """One subscription; it reports from the thread whose operation made the invocation final."""

    def __init__(
        self, lock: Lock, watches: Watches, is_final: Callable[[InvocationId], bool], on_ready: OnReady
    ) -> None:
        self._lock = lock
        self._watches = watches
        self._is_final = is_final
        self._on_ready = on_ready
        self._closed = False

    def add(self, ids: Iterable[InvocationId], *, available: bool = False) -> None:  # noqa: D102
        final = []
        with self._lock:
            if self._closed:
                return
            for invocation_id in ids:
                if self._is_final(invocation_id):
                    final.append(invocation_id)
                else:
                    self._watches.add(self, invocation_id, available)
        self.report(final)

    def discard(self, ids: Iterable[InvocationId]) -> None:  # noqa: D102
        with self._lock:
            for invocation_id in ids:
                self._watches.discard(self, invocation_id)

    def close(self) -> None:  # noqa: D102
        with self._lock:
            self._closed = True
            self._watches.discard_all(self)

    def report(self, ids: list[InvocationId]) -> None:
        """Tell the subscriber; called without the lock."""
        if ids and not self._closed:
            self._on_ready(ids)


def deliver(reports: Reports | None) -> None:
    """Tell every subscriber what was noted; called without the lock."""
    if reports:
        for watch, ids in reports.items():
            watch.report(ids)
