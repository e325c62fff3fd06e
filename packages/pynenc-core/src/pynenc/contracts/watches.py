"""Who wants to hear of which invocation: what the subscriptions of every store have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pynenc.contracts.store import BaseWatch, OnReady
from pynenc.values.ids import InvocationId

Reports = dict["Watch", list[InvocationId]]


class Watches:
    """The interests of one process in one store. Whoever calls it holds the lock that guards it."""

    def __init__(self) -> None:
        #: By id: who is interested, and whether also in it becoming claimable.
        self._interests: dict[InvocationId, dict[Watch, bool]] = {}
        self._reports: Reports = {}

    def __contains__(self, invocation_id: InvocationId) -> bool:
        return invocation_id in self._interests

    def __len__(self) -> int:
        return len(self._interests)

    def ids(self) -> list[InvocationId]:
        """All that somebody is interested in."""
        return list(self._interests)

    def wanted(self) -> dict[InvocationId, bool]:
        """All that somebody is interested in, and whether also in it becoming claimable."""
        return {one: any(interests.values()) for one, interests in self._interests.items()}

    def add(self, watch: Watch, ids: Iterable[InvocationId], available: bool) -> None:
        """Note interests."""
        for invocation_id in ids:
            interests = self._interests.setdefault(invocation_id, {})
            interests[watch] = available or interests.get(watch, False)

    def discard(self, watch: Watch, ids: Iterable[InvocationId] | None) -> list[InvocationId]:
        """Forget these interests of a subscription, or all; what nobody is interested in any more is returned."""
        left = []
        for invocation_id in self.ids() if ids is None else ids:
            interests = self._interests.get(invocation_id)
            if interests is not None and interests.pop(watch, None) is not None and not interests:
                del self._interests[invocation_id]
                left.append(invocation_id)
        return left

    def note_final(self, invocation_id: InvocationId) -> None:
        """It has become final: whoever is interested is told, once and for all."""
        for watch in self._interests.pop(invocation_id, ()):
            self._reports.setdefault(watch, []).append(invocation_id)

    def note_available(self, invocation_id: InvocationId) -> None:
        """It has become claimable: whoever wants to hear of that is told, once."""
        interests = self._interests.get(invocation_id)
        if interests is not None:
            for watch, available in interests.items():
                if available:
                    interests[watch] = False
                    self._reports.setdefault(watch, []).append(invocation_id)

    def take_reports(self) -> Reports:
        """What was noted since, to be delivered after the lock is released."""
        reports, self._reports = self._reports, {}
        return reports


class Watched(Protocol):
    """Where subscriptions are kept."""

    def subscribe(self, watch: Watch, ids: Iterable[InvocationId], available: bool) -> None:
        """Note interests; what is final already is reported before this returns."""

    def unsubscribe(self, watch: Watch, ids: Iterable[InvocationId] | None) -> None:
        """Forget interests; all of a subscription without ids."""


class Watch(BaseWatch):
    """One subscription."""

    def __init__(self, watched: Watched, on_ready: OnReady) -> None:
        self._watched = watched
        self._on_ready = on_ready
        self._closed = False

    def add(self, ids: Iterable[InvocationId], *, available: bool = False) -> None:  # noqa: D102
        if not self._closed:
            self._watched.subscribe(self, ids, available)

    def discard(self, ids: Iterable[InvocationId]) -> None:  # noqa: D102
        self._watched.unsubscribe(self, ids)

    def close(self) -> None:  # noqa: D102
        self._closed = True
        self._watched.unsubscribe(self, None)

    def report(self, ids: list[InvocationId]) -> None:
        """Tell the subscriber; called without any lock."""
        if not self._closed:
            self._on_ready(ids)


def deliver(reports: Reports) -> None:
    """Tell every subscriber what was noted; called without any lock."""
    for watch, ids in reports.items():
        watch.report(ids)
