"""RabbitMqBroker: a queue of ids on a RabbitMQ server, for orchestrators that live elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

from pynenc.conf.config_base import ConfigBase
from pynenc.contracts.broker import BaseBroker, Delivery
from pynenc.contracts.store import BaseStore, StoreKey
from pynenc.values.clock import Clock
from pynenc.values.ids import InvocationId
from pynenc_rabbitmq.admin import delete_queues
from pynenc_rabbitmq.conf import ConfigBrokerRabbitMq, ConfigRabbitMq
from pynenc_rabbitmq.store import RabbitStore, location_of, parameters_of


class RabbitMqBroker(BaseBroker):
    """Messages in two durable queues, one of which is delivered first.

    Messages are pushed to processes that have use for them; taking one and confirming it waits for nobody.
    """

    config_cls = ConfigBrokerRabbitMq
    store: RabbitStore

    def __init__(self, store: RabbitStore) -> None:
        self.store = store

    @classmethod
    def store_key(cls, conf: ConfigBase, app_id: str) -> StoreKey:  # noqa: D102
        assert isinstance(conf, ConfigRabbitMq)
        where = location_of(parameters_of(conf, app_id))
        return StoreKey("rabbitmq", f"{where}, prefix '{conf.rabbitmq_queue_prefix}'", app_id)

    @classmethod
    def make_store(cls, conf: ConfigBase, app_id: str, clock: Clock) -> RabbitStore:  # noqa: D102
        assert isinstance(conf, ConfigRabbitMq)
        return RabbitStore(conf, app_id, clock)

    @classmethod
    def on_store(cls, store: BaseStore) -> Self:  # noqa: D102
        assert isinstance(store, RabbitStore)
        return cls(store)

    def push(self, ids: Sequence[InvocationId], *, front: bool = False) -> None:  # noqa: D102
        if ids:
            topology, publisher = self.store.topology, self.store.session.publisher
            # What goes to the front is rare, and its sender may be about to end.
            queue = topology.express if front else topology.queue
            publisher.publish(publisher.prepare(ids, queue), trusting=not front)

    def prepare_push(self, ids: Sequence[InvocationId]) -> Callable[[], None]:  # noqa: D102
        publisher = self.store.session.publisher
        publication = publisher.prepare(ids, self.store.topology.queue)
        return partial(publisher.publish, publication, trusting=True)

    def receive(self, limit: int, lease_seconds: float) -> list[Delivery]:
        """Take what the server has sent; without a connection nothing, until there is one again."""
        return self.store.session.consumer.take(limit, lease_seconds)

    def wait_and_take(
        self,
        marker: int,
        timeout_seconds: float,
        lease_seconds: float,
        on_taken: Callable[[InvocationId], None],
    ) -> Delivery | None:
        """Have the thread of the connection call ``on_taken``, before it wakes this one up."""
        return self.store.session.consumer.wait_and_take(marker, timeout_seconds, lease_seconds, on_taken)

    def is_known_empty(self) -> bool:
        """Whether the server has sent nothing that was not taken."""
        return self.store.session.consumer.is_empty()

    def acknowledge(self, receipts: Sequence[str]) -> None:  # noqa: D102
        self.store.session.consumer.settle(receipts, requeue=False)

    def give_back(self, receipts: Sequence[str]) -> None:  # noqa: D102
        self.store.session.consumer.settle(receipts, requeue=True)

    def rest(self) -> None:  # noqa: D102
        session = self.store.open_session
        if session is not None:
            session.consumer.rest()

    def count(self) -> int:
        """Messages that wait, and those that this process has; the server does not tell what other ones have.

        Raises:
            StoreError: the server cannot be reached or refuses.
        """
        session = self.store.session
        session.publisher.flush()
        waiting = sum(self._count(queue) for queue in self.store.topology.queues)
        return waiting + session.consumer.count()

    def count_dead_letters(self) -> int:
        """Messages that were found in the queues and are not ours; they wait for somebody to look at them.

        Raises:
            StoreError: the server cannot be reached or refuses.
        """
        return self._count(self.store.topology.dead)

    def purge(self) -> None:
        """Delete the queues of this app, with everything in them; the next use makes them anew."""
        session = self.store.open_session
        if session is not None:
            session.publisher.flush()
            session.publisher.forget()
            # Its own consumers are no news to this process.
            session.consumer.rest()
            session.link.post(session.link.renew)
        topology = self.store.topology
        delete_queues(self.store.parameters, self.store.where, (*topology.queues, topology.dead))
        if session is not None:
            session.link.post(session.link.renew)

    def _count(self, queue: str) -> int:
        answer = self.store.session.admin.ask(partial(_declare_passively, queue))
        return 0 if answer is None else int(answer.method.message_count)


def _declare_passively(queue: str, channel: Any, done: Any) -> None:
    channel.queue_declare(queue, passive=True, callback=done)
