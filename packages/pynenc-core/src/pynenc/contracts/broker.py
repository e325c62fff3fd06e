"""A queue of invocation ids that stands apart from the orchestrator's store.

When broker and orchestrator share a store the record is the queue, and none of this is called.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pynenc.contracts.store import BaseComponent, BaseStore
from pynenc.values.ids import InvocationId


@dataclass(frozen=True, slots=True)
class Delivery:
    """One received message."""

    #: Names this delivery to ``acknowledge`` and ``give_back``.
    receipt: str
    invocation_id: InvocationId


class BaseBroker(BaseComponent):
    """Delivers ids at least once. A message is a hint: losing, doubling or reordering one costs latency only."""

    store: BaseStore

    @abstractmethod
    def push(self, ids: Sequence[InvocationId], *, front: bool = False) -> None:
        """Queue ids; ``front`` ones are received before all others.

        They are kept durably, at the latest soon after this returned: a broker need not wait for a server that has been
        confirming in time.
        """

    def prepare_push(self, ids: Sequence[InvocationId]) -> Callable[[], None]:
        """Make what ``push`` sends, and send nothing yet: the function that it gives does what ``push`` would.

        For who waits for something else meanwhile. It need not be called, and is called once at most.
        """
        return partial(self.push, ids)

    @abstractmethod
    def receive(self, limit: int, lease_seconds: float) -> list[Delivery]:
        """Take up to ``limit`` messages, oldest first, without waiting.

        Where the server sends messages to those who have use for them, this is what it has sent so far, and asks it
        for more: ``wait_for_work`` of the store returns when they come. While the queue cannot be reached there are
        none.

        A message that is neither acknowledged nor given back within the lease is delivered again.
        """

    def wait_and_take(
        self,
        marker: int,
        timeout_seconds: float,
        lease_seconds: float,
        on_taken: Callable[[InvocationId], None],
    ) -> Delivery | None:
        """Block like ``wait_for_work`` of the store, then take one message; None if there is none.

        Args:
            marker: From before the last look for work.
            timeout_seconds: How long to wait.
            lease_seconds: As for ``receive``.
            on_taken: Called with the id of what is taken before this returns, perhaps by the thread that reads what the
                server sends: it raises nothing and waits for nothing.
        """
        if not self.store.wait_for_work(marker, timeout_seconds):
            return None
        deliveries = self.receive(1, lease_seconds)
        if not deliveries:
            return None
        on_taken(deliveries[0].invocation_id)
        return deliveries[0]

    def is_known_empty(self) -> bool:
        """Whether ``receive`` would give nothing now, as far as that is known without asking a server."""
        return False

    @abstractmethod
    def acknowledge(self, receipts: Sequence[str]) -> None:
        """Remove delivered messages for good; a receipt whose lease ended is ignored."""

    @abstractmethod
    def give_back(self, receipts: Sequence[str]) -> None:
        """Return delivered messages, to where they were in the queue if the server can; others shall have them."""

    def rest(self) -> None:
        """Nobody here receives for now: what the server has sent to this process ahead goes back, for others.

        The next ``receive`` ends that.
        """

    @abstractmethod
    def count(self) -> int:
        """Messages that wait or are delivered but not acknowledged; those that other processes have may be missing."""

    @abstractmethod
    def purge(self) -> None:
        """Remove every message of this app."""
