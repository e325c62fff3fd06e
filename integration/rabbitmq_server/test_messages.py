"""Messages are lost, doubled, too old, or not ours."""

from __future__ import annotations

import pika
import pytest
from integration.faults.place import Place, eventually, running
from integration.rabbitmq_server.scene import Server, app_on, call, channel_of, require_results, topology

from pynenc.contracts.broker import Delivery
from pynenc.values.ids import InvocationId
from pynenc_rabbitmq import consuming

pytestmark = pytest.mark.timeout(180)


def test_lost_messages_are_sent_again(place: Place, server: Server) -> None:
    with app_on(place) as sample:
        call(sample, *range(50))
        with channel_of(server.url) as channel:
            stolen = 0
            for _ in range(25):
                method, _, _ = channel.basic_get(topology(sample).queue)
                if method is not None:
                    channel.basic_ack(method.delivery_tag)
                    stolen += 1
        assert stolen == 25
        with running(sample):
            require_results(place, sample)


def test_messages_that_the_server_drops_because_of_their_age_are_sent_again(
    place: Place, server: Server
) -> None:
    with app_on(place, rabbitmq_message_ttl=1) as sample:
        call(sample, *range(10))
        eventually(lambda: sample.app.broker.count() == 0, "they are too old")
    with app_on(place) as sample, running(sample):
        require_results(place, sample)


def test_what_was_decided_is_confirmed_before_the_connection_is_closed(place: Place, server: Server) -> None:
    names = [InvocationId(f"n{number}") for number in range(3)]
    with app_on(place) as sample:
        broker, deliveries = sample.app.broker, []
        broker.push(names)

        def received() -> bool:
            deliveries.extend(broker.receive(64, 60.0))
            return len(deliveries) == len(names)

        eventually(received, "all are here")
        broker.acknowledge([delivery.receipt for delivery in deliveries])
    with app_on(place) as sample:
        assert sample.app.broker.count() == 0


def test_what_was_sent_to_a_worker_that_takes_nothing_more_goes_to_others(
    place: Place, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "_IDLE_SECONDS", 3600.0)  # nobody notices by and by
    with app_on(place) as one, app_on(place) as other:
        ids = [InvocationId("a"), InvocationId("b")]
        one.app.broker.push(ids)
        received: list[Delivery] = []
        eventually(lambda: received.extend(one.app.broker.receive(1, 60.0)) or received, "the first arrives")
        one.app.broker.acknowledge([each.receipt for each in received])
        eventually(lambda: one.app.broker.store.session.consumer.count() == 1, "the second one follows")
        one.app.broker.rest()
        eventually(
            lambda: received.extend(other.app.broker.receive(1, 60.0)) or len(received) == 2,
            "it is given back",
        )
        assert [each.invocation_id for each in received] == ids


def test_doubled_messages_are_dropped(place: Place, server: Server) -> None:
    with app_on(place) as sample:
        made = call(sample, *range(30))
        for _ in range(3):
            sample.app.broker.push([one.invocation_id for one in reversed(made)], front=True)
        with running(sample):
            require_results(place, sample)
            eventually(lambda: sample.app.broker.count() == 0, "every message was dealt with")
        assert len(place.executions()) == 30


def test_foreign_messages_are_set_aside_and_counted(place: Place, server: Server) -> None:
    ours = pika.BasicProperties(type="pynenc.invocation", headers={"app": place.app_id})
    foreign = [
        (b"hello", None),
        (b"", ours),
        (b"\xff\x00", ours),
        (b"x" * 100_000, ours),
        (b"id", pika.BasicProperties(type="pynenc.invocation", headers={"app": "other"})),
        (b'{"task": "celery"}', pika.BasicProperties(content_type="application/json", headers={"task": "t"})),
    ]
    with app_on(place) as sample:
        assert sample.app.broker.count() == 0
        with channel_of(server.url) as channel:
            for body, properties in foreign:
                for queue in topology(sample).queues:
                    channel.basic_publish("", queue, body, properties)
        with running(sample):
            call(sample, *range(10))
            require_results(place, sample)
            eventually(
                lambda: sample.app.broker.count_dead_letters() == 2 * len(foreign), "all are set aside"
            )
            assert sample.app.broker.count() == 0
        with channel_of(server.url) as channel:
            _, properties, _ = channel.basic_get(topology(sample).dead)
        assert properties.headers["x-pynenc-queue"] in topology(sample).queues
        assert "type" in properties.headers["x-pynenc-reason"]


def test_an_id_that_nobody_knows_is_dropped(place: Place, server: Server) -> None:
    with app_on(place) as sample, running(sample):
        sample.app.broker.push([InvocationId("unknown")])
        assert call(sample, 1)[0].get(30) == 2
        eventually(lambda: sample.app.broker.count() == 0, "it is gone")
