"""The broker in memory."""

from __future__ import annotations

from collections.abc import Sequence

from pynenc.backends.mem.component import MemComponent
from pynenc.backends.mem.messages import Messages
from pynenc.backends.mem.store import MemStore
from pynenc.conf.config_components import ConfigBroker
from pynenc.contracts.broker import BaseBroker, Delivery
from pynenc.values.ids import InvocationId


class MemBroker(MemComponent, BaseBroker):
    """A queue of ids in this process."""

    config_cls = ConfigBroker
    store: MemStore

    def push(self, ids: Sequence[InvocationId], *, front: bool = False) -> None:
        """Queue ids and wake one waiting thread for each."""
        with self.store.lock:
            self.store.messages.push(ids, front)
            self.store.announce_work(len(ids))

    def receive(self, limit: int, lease_seconds: float) -> list[Delivery]:
        """Take messages under a lease."""
        with self.store.lock:
            return self.store.messages.receive(limit, lease_seconds, self.store.now())

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """Forget delivered messages."""
        with self.store.lock:
            self.store.messages.acknowledge(receipts, self.store.now())

    def give_back(self, receipts: Sequence[str]) -> None:
        """Put delivered messages back and wake one waiting thread for each."""
        with self.store.lock:
            self.store.announce_work(self.store.messages.give_back(receipts))

    def count(self) -> int:
        """Messages that are not acknowledged."""
        with self.store.lock:
            return len(self.store.messages)

    def purge(self) -> None:
        """Forget every message."""
        with self.store.lock:
            self.store.messages = Messages()
