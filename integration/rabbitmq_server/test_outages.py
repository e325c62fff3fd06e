"""RabbitMQ restarts, closes connections, loses queues, blocks, or is cut off."""

from __future__ import annotations

import time

import pytest
from integration.faults.place import Place, eventually, running
from integration.rabbitmq_server.scene import (
    IMPATIENT,
    Server,
    app_on,
    call,
    channel_of,
    require_results,
    topology,
    warned,
)
from integration.servers.proxy import Proxy

from pynenc.exceptions import StoreFullError
from pynenc.values.ids import InvocationId
from pynenc_rabbitmq.broker import RabbitMqBroker

pytestmark = pytest.mark.timeout(180)


# A quorum queue of RabbitMQ 3.10 that was made seconds before its only node is killed does not come back.
@pytest.mark.parametrize(("end", "queue_type"), [("stop", "quorum"), ("kill", "classic")])
def test_calls_are_accepted_while_the_server_is_away_and_run_when_it_is_back(
    place: Place, server: Server, end: str, queue_type: str
) -> None:
    with app_on(place, rabbitmq_queue_type=queue_type, **IMPATIENT) as sample, running(sample):
        assert call(sample, 1)[0].get(30) == 2
        getattr(server.process, end)()
        try:
            with warned() as warnings:
                began = time.monotonic()
                call(sample, 2)
                call(sample, *range(3, 23))
            assert time.monotonic() - began < 10, "an outage is waited for once, for about publish_timeout"
            assert any("not queued yet" in warning for warning in warnings)
        finally:
            server.process.start()
        require_results(place, sample)


def test_connections_that_the_server_closes_are_opened_again(place: Place, server: Server) -> None:
    with app_on(place) as sample, running(sample):
        for number in range(3):
            call(sample, *range(10 * number, 10 * number + 10))
            server.control("close_all_connections", "the test")
        call(sample, 100)
        require_results(place, sample)


def test_a_channel_that_the_server_closes_is_opened_again(place: Place, server: Server) -> None:
    with app_on(place) as sample, running(sample):
        assert call(sample, 1)[0].get(30) == 2
        with channel_of(server.url) as channel:
            channel.exchange_delete(topology(sample).exchange)
        call(sample, *range(10))  # an error of the channel: there is no such exchange
        require_results(place, sample)


def test_deleted_queues_are_made_again_and_what_was_in_them_is_queued_again(
    place: Place, server: Server
) -> None:
    with app_on(place) as sample:
        call(sample, *range(20))
        with channel_of(server.url) as channel:
            for queue in topology(sample).queues:
                channel.queue_delete(queue)
        call(sample, 20)  # unroutable, until they are declared again
        with running(sample):
            call(sample, 21)
            with channel_of(server.url) as channel:
                for queue in topology(sample).queues:
                    channel.queue_delete(queue)
            call(sample, 22)
            require_results(place, sample)


@pytest.mark.parametrize(
    ("limit", "too_little", "enough"),
    [
        ("set_vm_memory_high_watermark", "0.00001", "0.8"),
        ("set_disk_free_limit", "mem_relative 1000", "50MB"),
    ],
)
def test_while_an_alarm_blocks_publishing_calls_return_and_run_afterwards(
    place: Place, server: Server, limit: str, too_little: str, enough: str
) -> None:
    with app_on(place, **IMPATIENT) as sample, running(sample):
        assert call(sample, 1)[0].get(30) == 2
        server.control(limit, *too_little.split())
        try:
            with warned() as warnings:
                began = time.monotonic()
                call(sample, 2)  # the last one that the server takes
                link = sample.app.broker.store.session.link
                eventually(lambda: link.blocked, "the server says that it takes nothing")
                call(sample, 3)
                assert time.monotonic() - began < 10
            assert any("not queued yet" in warning for warning in warnings)
        finally:
            server.control(limit, enough)
        call(sample, 4)
        require_results(place, sample)


@pytest.mark.parametrize("queue_type", ["quorum", "classic"])
def test_a_full_queue_is_an_error_of_the_queue_and_no_error_of_the_call(
    place: Place, server: Server, queue_type: str
) -> None:
    with app_on(place, rabbitmq_queue_type=queue_type, **IMPATIENT) as sample:
        broker = sample.app.broker
        assert broker.count() == 0
        pattern = topology(sample).queue.replace(".", "[.]")
        server.control("set_policy", "tiny", pattern, '{"max-length": 2}', "--apply-to", "queues")
        try:
            call(sample, *range(20))
            eventually(lambda: _is_refused(broker), "the server keeps to the limit, which is a soft one")
        finally:
            server.control("clear_policy", "tiny")
        eventually(lambda: not _is_refused(broker), "it takes messages again")
        with running(sample):
            require_results(place, sample)


def _is_refused(broker: RabbitMqBroker) -> bool:
    """Whether the queue is full."""
    broker.count()  # once the server has said what became of the last ones, the next one waits for its answer
    try:
        broker.push([InvocationId("unknown")])
    except StoreFullError as error:
        return "length limit" in str(error)
    return False


def test_a_network_that_drops_everything_is_noticed(place: Place, server: Server) -> None:
    proxy = Proxy(server.port)
    try:
        url = f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F"
        with app_on(place, rabbitmq_url=url, rabbitmq_heartbeat=2, **IMPATIENT) as sample, running(sample):
            assert call(sample, 1)[0].get(30) == 2
            accepted = proxy.accepted
            proxy.cut()
            began = time.monotonic()
            call(sample, 2)
            assert time.monotonic() - began < 10
            eventually(lambda: proxy.accepted > accepted, "a new connection is tried", seconds=20)
            proxy.heal()
            call(sample, 3)
            require_results(place, sample)
    finally:
        proxy.close()


def test_heartbeats_are_served_while_user_code_runs_and_no_message_is_held(
    place: Place, server: Server
) -> None:
    proxy = Proxy(server.port)
    try:
        url = f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F"
        settings = {"rabbitmq_heartbeat": 2, "threadrunner": {"max_threads": 1}}
        with app_on(place, rabbitmq_url=url, **settings) as sample, running(sample):
            gated = sample.gated("gate")
            eventually(lambda: place.lines("executions"), "it runs")
            accepted = proxy.accepted
            later = call(sample, 1)[0]
            queue = topology(sample).queue
            eventually(
                lambda: _is_left_to_others(server, queue),
                "what cannot begin is left to others, what runs is confirmed",
                pause_seconds=0.2,
            )
            time.sleep(8)  # longer than the server and the driver wait for a sign of life
            assert proxy.accepted == accepted
            place.open_gate(1, "open")
            assert (gated.get(30), later.get(30)) == ("open", 2)
    finally:
        proxy.close()


def _is_left_to_others(server: Server, queue: str) -> bool:
    """Whether messages wait, perhaps one of them twice, and nobody holds any."""
    columns = ("name", "messages_ready", "messages_unacknowledged")
    listing = server.control("list_queues", *columns, "--no-table-headers")
    found = {name: (int(ready), int(held)) for name, ready, held in map(str.split, listing.splitlines())}
    ready, held = found[queue]
    return ready > 0 and held == 0
