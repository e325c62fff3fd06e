"""The messages of a queue of its own, with leases."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from pynenc.contracts.broker import Delivery
from pynenc.values.ids import InvocationId


class Messages:
    """Waiting messages by position, and delivered ones by receipt."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, InvocationId]] = []
        #: Position, id, end of the lease.
        self._delivered: dict[str, tuple[int, InvocationId, float]] = {}
        self._leases: list[tuple[float, str]] = []
        self._first = 0
        self._last = 0
        self._receipts = 0

    def push(self, ids: Sequence[InvocationId], front: bool) -> None:
        """Queue ids behind or before all others, in the given order."""
        if front:
            self._first -= len(ids)
            position = self._first
        else:
            position = self._last
            self._last += len(ids)
        for offset, invocation_id in enumerate(ids):
            heappush(self._waiting, (position + offset, invocation_id))

    def receive(self, limit: int, lease_seconds: float, now: float) -> list[Delivery]:
        """Deliver up to ``limit`` messages."""
        while self._leases and self._leases[0][0] <= now:
            self.give_back([heappop(self._leases)[1]])
        deliveries: list[Delivery] = []
        while self._waiting and len(deliveries) < limit:
            position, invocation_id = heappop(self._waiting)
            self._receipts += 1
            receipt = str(self._receipts)
            self._delivered[receipt] = (position, invocation_id, now + lease_seconds)
            heappush(self._leases, (now + lease_seconds, receipt))
            deliveries.append(Delivery(receipt, invocation_id))
        return deliveries

    def acknowledge(self, receipts: Sequence[str], now: float) -> None:
        """Forget delivered messages whose lease goes on."""
        for receipt in receipts:
            delivered = self._delivered.get(receipt)
            if delivered is not None and now < delivered[2]:
                del self._delivered[receipt]

    def give_back(self, receipts: Sequence[str]) -> int:
        """Put delivered messages where they were; returns how many."""
        returned = 0
        for receipt in receipts:
            delivered = self._delivered.pop(receipt, None)
            if delivered is not None:
                heappush(self._waiting, delivered[:2])
                returned += 1
        return returned

    def __len__(self) -> int:
        return len(self._waiting) + len(self._delivered)
