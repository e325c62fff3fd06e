"""Consuming: the server pushes what is asked for into a buffer, from which threads take without waiting.

Only a process that has use for messages has any: when no thread took or waited for some time, the buffer is given
back and the server is told to send no more, until a thread asks again. A message is never held for as long as a
task runs: what a claim decided is confirmed within a tenth of a second or two, several messages at a time, because
neither the one who claimed nor the one who waits for the result should share the processor with that.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pynenc.contracts.broker import Delivery
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId
from pynenc_rabbitmq.arrivals import Arrivals, Taker
from pynenc_rabbitmq.foreign import Foreign
from pynenc_rabbitmq.link import Link
from pynenc_rabbitmq.message import id_in, read
from pynenc_rabbitmq.topology import Topology

logger = logging.getLogger(__name__)

#: Nobody took or waited for so long: others shall have the messages. As long as work is claimed ahead.
_IDLE_SECONDS = 0.1
#: So many are confirmed together where one comes soon after the other.
_MOST_DECIDED = 15

_NONE = (0, 0.0)

_Buffered = tuple[int, InvocationId]


class Consumer:
    """The messages that the server has sent to this process."""

    _generations = itertools.count(1)

    def __init__(
        self, link: Link, topology: Topology, arrivals: Arrivals, app_id: str, most_prefetched: int
    ) -> None:
        self._link = link
        self._topology = topology
        self._arrivals = arrivals
        self._lock = arrivals.lock
        self._app_id = app_id
        self._most = most_prefetched
        self._most_decided = min(_MOST_DECIDED, most_prefetched - 1)
        # All guarded by self._lock.
        #: By queue, those of the express one first.
        self._buffers: dict[str, deque[_Buffered]] = {queue: deque() for queue in topology.queues}
        #: Taken and not settled: receipt → delivery tag, end of the lease.
        self._taken: dict[str, tuple[int, float]] = {}
        #: Decided, and the server was not told yet: delivery tags.
        self._decided: list[int] = []
        self._decided_at = 0.0
        self._generation = 0
        self._wanted = 0
        self._prefetch = 0
        self._used_at = 0.0
        # All of the rest belongs to the thread of the connection.
        self._connection: Any = None
        self._channel: Any = None
        self._opening = self._watching = False
        self._consumers: list[str] = []
        self._cancelling: set[str] = set()
        self._returning: list[int] = []
        #: Delivered, and the server was not told what became of it; oldest first.
        self._unsettled: dict[int, None] = {}
        self._foreign = Foreign(topology)

    # -- any thread -----------------------------------------------------------------------------------

    def take(self, limit: int, lease_seconds: float) -> list[Delivery]:
        """Up to ``limit`` of what is here, express ones first."""
        deliveries: list[Delivery] = []
        with self._lock:
            now = self._used_at = time.monotonic()
            held = len(self._taken) + len(self._decided)
            for buffer in self._buffers.values():
                while buffer and len(deliveries) < limit:
                    tag, invocation_id = buffer.popleft()
                    receipt = f"{self._generation}.{tag}"
                    self._taken[receipt] = tag, now + lease_seconds
                    deliveries.append(Delivery(receipt, invocation_id))
            ask = len(deliveries) < limit and self._asks(held + limit)
        if ask:
            self._link.post(self._adjust)
        return deliveries

    def wait_and_take(
        self,
        marker: int,
        timeout_seconds: float,
        lease_seconds: float,
        on_taken: Callable[[InvocationId], None],
    ) -> Delivery | None:
        """Wait for a message and take it; ``on_taken`` is called with the id by the thread that reads it."""
        self.ask()
        taker = Taker(on_taken)
        if not self._arrivals.wait(marker, timeout_seconds, taker):
            return None
        if taker.message is None:  # it came before this thread waited
            for delivery in self.take(1, lease_seconds):
                on_taken(delivery.invocation_id)
                return delivery
            return None
        generation, tag, invocation_id = taker.message
        with self._lock:
            now = self._used_at = time.monotonic()
            delivery = Delivery(f"{generation}.{tag}", invocation_id)
            if generation == self._generation:
                self._taken[delivery.receipt] = tag, now + lease_seconds
        return delivery

    def ask(self) -> None:
        """Have the server send something: a thread is about to wait."""
        with self._lock:
            now = self._used_at = time.monotonic()
            decided = len(self._decided)
            if confirm := decided >= self._most_decided > 0:
                decided = 0
            # Where one comes soon after the other, they are confirmed together; the next ones have to come meanwhile.
            room = max(decided, self._most_decided if now - self._decided_at < _IDLE_SECONDS else 0)
            ask = self._asks(len(self._taken) + room + self._arrivals.waiting + 1)
        if confirm:
            self._link.now(self.confirm)  # this thread has time for it
        if ask:
            self._link.post(self._adjust)

    def _asks(self, wanted: int) -> bool:
        self._wanted = max(1, min(wanted, len(self._taken) + len(self._decided) + self._most))
        return self._prefetch < self._wanted

    def settle(self, receipts: Sequence[str], *, requeue: bool) -> None:
        """Confirm deliveries, or return them; what is not taken (any more) is ignored."""
        task: Callable[[], None] | None
        with self._lock:
            generation, now = self._generation, time.monotonic()
            # One whose lease is over goes back, as soon as that is noticed.
            tags = []
            for receipt in receipts:
                if requeue or self._taken.get(receipt, _NONE)[1] > now:
                    tag, _ = self._taken.pop(receipt, _NONE)
                    if tag:
                        tags.append(tag)
            if requeue:
                task = partial(self._give_back, generation, tags) if tags else None
            else:
                self._decided += tags
                self._decided_at = now
                task = self.confirm if self._is_urgent() else None
        if task is not None:
            self._link.post(task)

    def _is_urgent(self) -> bool:
        """Whether the server has to hear now of what was decided, so that it goes on sending.

        If it does that and has nothing to send, this has time until the thread waits that decided.
        """
        if 2 * len(self._decided) <= self._prefetch:
            return False
        return len(self._taken) + len(self._decided) >= self._prefetch or any(self._buffers.values())

    def rest(self) -> None:
        """Have nothing sent until somebody asks again; what is here and was not taken goes back."""
        with self._lock:
            self._wanted = 0
        self._link.post(self._rest)

    def is_empty(self) -> bool:
        """Whether there is nothing here to take; who looks has use for it, as one who takes."""
        self._used_at = time.monotonic()  # without the lock, like the look: nobody reads and then writes it
        return not any(self._buffers.values())

    def count(self) -> int:
        """Messages here that are not settled."""
        with self._lock:
            return len(self._taken) + sum(map(len, self._buffers.values()))

    # -- the thread of the connection -----------------------------------------------------------------

    def on_ready(self, connection: Any, _channel: Any) -> None:
        """Ask again, if somebody did."""
        self._connection = connection
        if self._wanted:
            self._adjust()

    def on_lost(self, _error: StoreError) -> None:
        """The server delivers again whatever was not settled."""
        self._connection = self._channel = None
        self._opening = False
        self._consumers.clear()
        self._cancelling.clear()
        self._returning.clear()
        self._unsettled.clear()
        self._foreign.forget()
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._generation = next(self._generations)
            self._prefetch = 0
            self._taken.clear()
            self._decided.clear()
            for buffer in self._buffers.values():
                buffer.clear()

    def _adjust(self) -> None:
        """Have as much sent as is wanted."""
        if self._connection is None or self._opening:
            return
        if self._channel is None:
            self._opening = True
            self._connection.channel(on_open_callback=self._on_channel)
            return
        with self._lock:
            if self._prefetch >= self._wanted:
                return
            self._prefetch = prefetch = min(
                1 << (self._wanted - 1).bit_length(), max(self._most, self._wanted)
            )
        self._cancel()
        # One after the other: the driver waits for the answer to each of them.
        self._channel.basic_qos(prefetch_count=prefetch)
        for queue in self._topology.queues:
            on_message = partial(self._on_message, self._channel, queue)
            self._consumers.append(self._channel.basic_consume(queue, on_message))
        self._watch()

    def _on_channel(self, channel: Any) -> None:
        if channel.connection is not self._connection:
            return
        self._opening = False
        self._channel = channel
        channel.add_on_close_callback(self._link.on_channel_closed)
        channel.add_on_cancel_callback(self._on_cancelled)
        self._adjust()

    def _on_cancelled(self, _frame: Any) -> None:
        self._link.drop(ConnectionResetError("the server ended the consumer: its queue was deleted or moved"))

    def _on_message(
        self, channel: Any, queue: str, _channel: Any, method: Any, properties: Any, body: bytes
    ) -> None:
        if channel is not self._channel:
            return
        try:
            invocation_id = read(properties, body, self._app_id)
        except ValueError as error:
            self._foreign.set_aside(channel, queue, method.delivery_tag, properties, body, str(error))
            return
        self._keep(queue, method.delivery_tag, invocation_id)
        self._connection.recognise_messages(
            method.delivery_tag, body, partial(self._on_known_message, channel, queue)
        )

    def _on_known_message(self, channel: Any, queue: str, tag: int, body: bytes) -> bool:
        """Take one like the last one, but for number and body."""
        if channel is not self._channel:
            return False
        try:
            invocation_id = id_in(body)
        except ValueError:
            return False
        self._keep(queue, tag, invocation_id)
        return True

    def _keep(self, queue: str, tag: int, invocation_id: InvocationId) -> None:
        self._unsettled[tag] = None
        with self._lock:
            taker = self._arrivals.next_taker()
            if taker is None:
                self._buffers[queue].append((tag, invocation_id))
                self._arrivals.announce()
        if taker is not None:
            taker.message = self._generation, tag, invocation_id
            try:
                taker.on_taken(invocation_id)
            finally:
                taker.bell.ring()
        if not self._watching:
            self._watch()

    def _rest(self) -> None:
        if self._prefetch and self._channel is not None and self._channel.is_open:
            self._return(())

    def _give_back(self, generation: int, tags: list[int]) -> None:
        if generation == self._generation and self._channel is not None:
            self._return(tags)

    def confirm(self) -> None:
        """Tell the server what was decided."""
        with self._lock:
            tags, self._decided = sorted(self._decided), []
        if not tags or self._channel is None:
            return
        if tags == list(itertools.islice(self._unsettled, len(tags))):
            self._connection.acknowledge(self._channel, tags[-1:], multiple=True)  # nothing older is left out
        else:
            self._connection.acknowledge(self._channel, tags, multiple=False)
        self._drop_unsettled(tags)

    def _drop_unsettled(self, tags: Sequence[int]) -> None:
        for tag in tags:
            del self._unsettled[tag]

    def _return(self, tags: Sequence[int]) -> None:
        """Give back, and take no more for now: this process had no use for it."""
        with self._lock:
            if not self._arrivals.waiting:
                self._prefetch = 0
                buffered = [tag for buffer in self._buffers.values() for tag, _ in buffer]
                tags = sorted([*tags, *buffered])
                for buffer in self._buffers.values():
                    buffer.clear()
            idle = not self._prefetch
        if idle:
            self._cancel()
        self._returning.extend(tags)
        self._send_back()

    def _cancel(self) -> None:
        self._connection.forget_messages()  # the driver returns what still comes for a consumer that is none any more
        for consumer_tag in self._consumers:
            self._cancelling.add(consumer_tag)
            self._channel.basic_cancel(consumer_tag, callback=self._on_cancel_ok)
        self._consumers.clear()

    def _on_cancel_ok(self, frame: Any) -> None:
        self._cancelling.discard(frame.method.consumer_tag)
        self._send_back()

    def _send_back(self) -> None:
        """Return what is to be returned, once the server would not send it straight here again."""
        if not self._cancelling and self._channel is not None:
            self._drop_unsettled(self._returning)
            for tag in sorted(self._returning):
                self._channel.basic_nack(tag, requeue=True)
            self._returning.clear()

    # -- leases and idleness --------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look after a while whether anybody still has use for what was sent."""
        if not self._watching:
            self._watching = True
            self._link.call_later(_IDLE_SECONDS, self._look)

    def _look(self) -> None:
        self._watching = False
        if self._channel is None or not self._channel.is_open:  # it is being closed
            return
        now = time.monotonic()
        with self._lock:
            overdue = [receipt for receipt, (_, end) in self._taken.items() if end <= now]
            tags = [self._taken.pop(receipt)[0] for receipt in overdue]
            idle = not self._arrivals.waiting and now - self._used_at >= _IDLE_SECONDS
            here = bool(self._taken) or any(self._buffers.values())
            again = here or (self._prefetch > 0 and not self._arrivals.waiting)
        self.confirm()
        self._returning.extend(tags)
        self._send_back()
        if idle and self._prefetch:
            self._return(())
        if again:
            self._watch()
