"""RabbitMQ restarts, closes connections, loses queues and messages, blocks, refuses, or is cut off."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pika
import pytest
from integration.backends import load
from integration.backends.parts import Backend
from integration.faults.place import Place, eventually, is_at_rest, require_good, running
from integration.servers.amqp_methods import UNANSWERED, Methods
from integration.servers.process import ServerProcess, free_port
from integration.servers.proxy import Proxy
from integration.servers.rabbitmq import START_SECONDS, address_of, command, control, is_ready

from pynenc.contracts.broker import BaseBroker, Delivery
from pynenc.exceptions import ConfigError, StoreError, StoreFullError, StoreUnavailableError
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery
from pynenc_rabbitmq import consuming
from pynenc_rabbitmq.broker import RabbitMqBroker

#: A server of this module's own, because it is mistreated.
pytestmark = pytest.mark.timeout(180)
#: Enough for a machine that is busy with something else.
PATIENT = {"rabbitmq_heartbeat": 10, "publish_timeout_seconds": 10.0}
#: For what has to be given up.
IMPATIENT = {"publish_timeout_seconds": 1.0}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that may be ended and started."""

    folder: Path
    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        return address_of("127.0.0.1", self.port)

    def control(self, *arguments: str) -> str:
        return control(self.folder, *arguments)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("rabbitmq"), free_port()
    arguments = command(port, folder)
    if arguments is None:
        if "rabbitmq" in os.environ.get("PYNENC_TEST_REQUIRE", "").split(","):
            pytest.fail("PYNENC_TEST_REQUIRE names 'rabbitmq', but no rabbitmq-server is installed here")
        pytest.skip("no rabbitmq-server is installed here")

    made = Server(folder, port, ServerProcess(arguments, folder, lambda: is_ready(made.url), START_SECONDS))
    made.process.start()
    yield made
    made.process.stop()


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Place:
    """An app on that server, its records in a file."""
    shared = load("rabbitmq")

    def settings(folder: Path) -> dict[str, Any]:
        return {
            **load("sqlite").settings(folder),
            "broker_cls": "RabbitMqBroker",
            "rabbitmq_url": server.url,
            **PATIENT,
        }

    backend = Backend("rabbitmq", shared.build, shared.capabilities, settings, takes_clock=False)
    return Place(backend, tmp_path)


@contextmanager
def _app(place: Place, **settings: Any) -> Iterator[Any]:
    sample = place.load(settings)
    try:
        yield sample
    finally:
        sample.app.close()


@contextmanager
def _channel(url: str) -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def _call(sample: Any, *numbers: int) -> list[Any]:
    made = list(sample.double.parallelize([(n,) for n in numbers]).invocations)
    sample.log("accepted", ids=[one.invocation_id for one in made])
    return made


def _require_results(place: Place, sample: Any) -> None:
    eventually(lambda: is_at_rest(sample), "everything is final", seconds=40)
    require_good(place, sample)


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What pynenc warns of meanwhile."""
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("pynenc")
    plugin_log = logging.getLogger("pynenc_rabbitmq")
    level = log.level
    log.setLevel(logging.WARNING)
    for one in (log, plugin_log):
        one.addHandler(handler)
    try:
        yield messages
    finally:
        log.setLevel(level)
        for one in (log, plugin_log):
            one.removeHandler(handler)


def _topology(sample: Any) -> Any:
    return sample.app.broker.store.topology


# -- the server and the network ------------------------------------------------------------------------


# A quorum queue of RabbitMQ 3.10 that was made seconds before its only node is killed does not come back.
@pytest.mark.parametrize(("end", "queue_type"), [("stop", "quorum"), ("kill", "classic")])
def test_calls_are_accepted_while_the_server_is_away_and_run_when_it_is_back(
    place: Place, server: Server, end: str, queue_type: str
) -> None:
    with _app(place, rabbitmq_queue_type=queue_type, **IMPATIENT) as sample, running(sample):
        assert _call(sample, 1)[0].get(30) == 2
        getattr(server.process, end)()
        try:
            with _warnings() as warnings:
                began = time.monotonic()
                _call(sample, 2)
                _call(sample, *range(3, 23))
            assert time.monotonic() - began < 10, "an outage is waited for once, for about publish_timeout"
            assert any("not queued yet" in warning for warning in warnings)
        finally:
            server.process.start()
        _require_results(place, sample)


def test_connections_that_the_server_closes_are_opened_again(place: Place, server: Server) -> None:
    with _app(place) as sample, running(sample):
        for number in range(3):
            _call(sample, *range(10 * number, 10 * number + 10))
            server.control("close_all_connections", "the test")
        _call(sample, 100)
        _require_results(place, sample)


def test_a_channel_that_the_server_closes_is_opened_again(place: Place, server: Server) -> None:
    with _app(place) as sample, running(sample):
        assert _call(sample, 1)[0].get(30) == 2
        with _channel(server.url) as channel:
            channel.exchange_delete(_topology(sample).exchange)
        _call(sample, *range(10))  # an error of the channel: there is no such exchange
        _require_results(place, sample)


def test_deleted_queues_are_made_again_and_what_was_in_them_is_queued_again(
    place: Place, server: Server
) -> None:
    with _app(place) as sample:
        _call(sample, *range(20))
        with _channel(server.url) as channel:
            for queue in _topology(sample).queues:
                channel.queue_delete(queue)
        _call(sample, 20)  # unroutable, until they are declared again
        with running(sample):
            _call(sample, 21)
            with _channel(server.url) as channel:
                for queue in _topology(sample).queues:
                    channel.queue_delete(queue)
            _call(sample, 22)
            _require_results(place, sample)


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
    with _app(place, **IMPATIENT) as sample, running(sample):
        assert _call(sample, 1)[0].get(30) == 2
        server.control(limit, *too_little.split())
        try:
            with _warnings() as warnings:
                began = time.monotonic()
                _call(sample, 2)  # the last one that the server takes
                link = sample.app.broker.store.session.link
                eventually(lambda: link.blocked, "the server says that it takes nothing")
                _call(sample, 3)
                assert time.monotonic() - began < 10
            assert any("not queued yet" in warning for warning in warnings)
        finally:
            server.control(limit, enough)
        _call(sample, 4)
        _require_results(place, sample)


@pytest.mark.parametrize("queue_type", ["quorum", "classic"])
def test_a_full_queue_is_an_error_of_the_queue_and_no_error_of_the_call(
    place: Place, server: Server, queue_type: str
) -> None:
    with _app(place, rabbitmq_queue_type=queue_type, **IMPATIENT) as sample:
        broker = sample.app.broker
        assert broker.count() == 0
        pattern = _topology(sample).queue.replace(".", "[.]")
        server.control("set_policy", "tiny", pattern, '{"max-length": 2}', "--apply-to", "queues")
        try:
            _call(sample, *range(20))
            eventually(lambda: _is_refused(broker), "the server keeps to the limit, which is a soft one")
        finally:
            server.control("clear_policy", "tiny")
        eventually(lambda: not _is_refused(broker), "it takes messages again")
        with running(sample):
            _require_results(place, sample)


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
        with _app(place, rabbitmq_url=url, rabbitmq_heartbeat=2, **IMPATIENT) as sample, running(sample):
            assert _call(sample, 1)[0].get(30) == 2
            accepted = proxy.accepted
            proxy.cut()
            began = time.monotonic()
            _call(sample, 2)
            assert time.monotonic() - began < 10
            eventually(lambda: proxy.accepted > accepted, "a new connection is tried", seconds=20)
            proxy.heal()
            _call(sample, 3)
            _require_results(place, sample)
    finally:
        proxy.close()


def test_heartbeats_are_served_while_user_code_runs_and_no_message_is_held(
    place: Place, server: Server
) -> None:
    proxy = Proxy(server.port)
    try:
        url = f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F"
        settings = {"rabbitmq_heartbeat": 2, "threadrunner": {"max_threads": 1}}
        with _app(place, rabbitmq_url=url, **settings) as sample, running(sample):
            gated = sample.gated("gate")
            eventually(lambda: place.lines("executions"), "it runs")
            accepted = proxy.accepted
            later = _call(sample, 1)[0]
            queue = _topology(sample).queue
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


# -- messages --------------------------------------------------------------------------------------------


def test_lost_messages_are_sent_again(place: Place, server: Server) -> None:
    with _app(place) as sample:
        _call(sample, *range(50))
        with _channel(server.url) as channel:
            stolen = 0
            for _ in range(25):
                method, _, _ = channel.basic_get(_topology(sample).queue)
                if method is not None:
                    channel.basic_ack(method.delivery_tag)
                    stolen += 1
        assert stolen == 25
        with running(sample):
            _require_results(place, sample)


def test_messages_that_the_server_drops_because_of_their_age_are_sent_again(
    place: Place, server: Server
) -> None:
    with _app(place, rabbitmq_message_ttl=1) as sample:
        _call(sample, *range(10))
        eventually(lambda: sample.app.broker.count() == 0, "they are too old")
    with _app(place) as sample, running(sample):
        _require_results(place, sample)


def test_what_was_decided_is_confirmed_before_the_connection_is_closed(place: Place, server: Server) -> None:
    names = [InvocationId(f"n{number}") for number in range(3)]
    with _app(place) as sample:
        broker, deliveries = sample.app.broker, []
        broker.push(names)

        def received() -> bool:
            deliveries.extend(broker.receive(64, 60.0))
            return len(deliveries) == len(names)

        eventually(received, "all are here")
        broker.acknowledge([delivery.receipt for delivery in deliveries])
    with _app(place) as sample:
        assert sample.app.broker.count() == 0


def test_what_was_sent_to_a_worker_that_takes_nothing_more_goes_to_others(
    place: Place, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "_IDLE_SECONDS", 3600.0)  # nobody notices by and by
    with _app(place) as one, _app(place) as other:
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
    with _app(place) as sample:
        made = _call(sample, *range(30))
        for _ in range(3):
            sample.app.broker.push([one.invocation_id for one in reversed(made)], front=True)
        with running(sample):
            _require_results(place, sample)
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
    with _app(place) as sample:
        assert sample.app.broker.count() == 0
        with _channel(server.url) as channel:
            for body, properties in foreign:
                for queue in _topology(sample).queues:
                    channel.basic_publish("", queue, body, properties)
        with running(sample):
            _call(sample, *range(10))
            _require_results(place, sample)
            eventually(
                lambda: sample.app.broker.count_dead_letters() == 2 * len(foreign), "all are set aside"
            )
            assert sample.app.broker.count() == 0
        with _channel(server.url) as channel:
            _, properties, _ = channel.basic_get(_topology(sample).dead)
        assert properties.headers["x-pynenc-queue"] in _topology(sample).queues
        assert "type" in properties.headers["x-pynenc-reason"]


def test_an_id_that_nobody_knows_is_dropped(place: Place, server: Server) -> None:
    with _app(place) as sample, running(sample):
        sample.app.broker.push([InvocationId("unknown")])
        assert _call(sample, 1)[0].get(30) == 2
        eventually(lambda: sample.app.broker.count() == 0, "it is gone")


# -- bad settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("amqp://guest:hush@127.0.0.1:{port}/%2F", "login"),
        ("amqp://guest:guest@127.0.0.1:{port}/nowhere", "virtual host"),
    ],
)
def test_a_refused_login_is_said_and_loses_nothing(
    place: Place, server: Server, address: str, why: str
) -> None:
    url = address.format(port=server.port)
    with _app(place, rabbitmq_url=url) as sample, _warnings() as warnings:
        began = time.monotonic()
        _call(sample, 1)
        assert time.monotonic() - began < 10
        with pytest.raises(StoreError, match=why) as error:
            sample.app.broker.count()
        assert not isinstance(error.value, StoreUnavailableError)
        with pytest.raises((StoreError, ConfigError), match=why):
            sample.app.runner.run()
        assert any(why in warning for warning in warnings)
        assert "hush" not in f"{warnings} {error.value}"
    with _app(place) as sample, running(sample):
        _require_results(place, sample)


def test_missing_rights_are_said(place: Place, server: Server) -> None:
    server.control("add_user", "nobody", "hush")
    server.control("set_permissions", "nobody", "^$", "^$", "^$")
    url = f"amqp://nobody:hush@127.0.0.1:{server.port}/%2F"
    with _app(place, rabbitmq_url=url) as sample:
        _call(sample, 1)
        with pytest.raises((StoreError, ConfigError), match="needs the rights to configure") as error:
            sample.app.runner.run()
        assert "hush" not in str(error.value)
    with _app(place) as sample, running(sample):
        _require_results(place, sample)


def test_a_queue_that_exists_with_other_arguments_is_said(place: Place, server: Server) -> None:
    with _app(place) as sample:
        assert isinstance(sample.app.broker, RabbitMqBroker)
        with _channel(server.url) as channel:
            channel.queue_declare(_topology(sample).queue, durable=False)
        _call(sample, 1)
        with pytest.raises(StoreError, match="other arguments"):
            sample.app.broker.push([InvocationId("a")])
        with pytest.raises((StoreError, ConfigError), match="other arguments"):
            sample.app.runner.run()
        with _channel(server.url) as channel:
            channel.queue_delete(_topology(sample).queue)
        with running(sample):
            _require_results(place, sample)


# -- processes, and what is counted ---------------------------------------------------------------------------


def test_a_fork_has_a_connection_of_its_own(place: Place, server: Server) -> None:
    with _app(place) as sample:
        broker = sample.app.broker
        broker.push([InvocationId("before")])
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                broker.push([InvocationId("in the child")])
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        broker.push([InvocationId("in the parent")])
        assert broker.count() == 3
        broker.purge()


class Watched:
    """A way to the server on which what is asked of it is counted."""

    def __init__(self, server: Server) -> None:
        self.counted = Methods()
        self.proxy = Proxy(server.port, self.counted.note)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.proxy.port}/%2F"


@pytest.fixture
def watched(server: Server) -> Iterator[Watched]:
    made = Watched(server)
    yield made
    made.proxy.close()


def test_an_enqueue_is_one_publish(place: Place, watched: Watched) -> None:
    counted = watched.counted
    with _app(place, rabbitmq_url=watched.url) as sample:
        _call(sample, 0)
        counted.take()
        _call(sample, 1)
        assert counted.take() == {"basic.publish": 1}
        _call(sample, *range(100))
        assert counted.take() == {"basic.publish": 100}


def _pushing(broker: BaseBroker, names: list[list[InvocationId]]) -> list[threading.Thread]:
    """Threads that push one by one."""
    threads = [threading.Thread(target=lambda ids=ids: [broker.push([i]) for i in ids]) for ids in names]
    for thread in threads:
        thread.start()
    return threads


def test_threads_publish_on_one_connection_while_it_receives(place: Place, watched: Watched) -> None:
    names = [[InvocationId(f"{thread}.{number}") for number in range(200)] for thread in range(8)]
    first = InvocationId("the first one connects")
    with _app(place, rabbitmq_url=watched.url) as sample, _warnings() as warnings:
        broker = sample.app.broker
        broker.push([first])
        watched.counted.take()
        threads = _pushing(broker, names)
        found: list[InvocationId] = []

        def receive() -> bool:
            taken = broker.receive(50, 60.0)
            broker.acknowledge([delivery.receipt for delivery in taken])
            found.extend(delivery.invocation_id for delivery in taken)
            return len(found) > sum(map(len, names))

        eventually(receive, "all of them are received")
        for thread in threads:
            thread.join(30)
        assert broker.count() == 0
    # Not in their order: the server changes it where it is asked for more at a time while messages are under way.
    assert sorted(found) == sorted([first, *chain(*names)])
    assert (watched.counted.take()["basic.publish"], warnings) == (1600, [])


def test_messages_of_one_thread_are_queued_in_its_order(place: Place, server: Server) -> None:
    names = [[InvocationId(f"{thread}.{number}") for number in range(50)] for thread in range(4)]
    with _app(place) as sample:
        for thread in _pushing(sample.app.broker, names):
            thread.join(30)
        assert sample.app.broker.count() == 200
        with _channel(server.url) as channel:
            found = [channel.basic_get(_topology(sample).queue)[2].decode() for _ in range(200)]
    for ids in names:
        assert [name for name in found if name in ids] == ids


def test_a_batch_waits_for_its_confirmations_once(place: Place, watched: Watched) -> None:
    with _app(place, rabbitmq_url=watched.url) as sample:
        broker, ids = sample.app.broker, [InvocationId(f"n{number}") for number in range(500)]
        broker.push(ids[:1], front=True)  # what goes to the front waits until it is confirmed
        watched.counted.take()
        pushing = threading.Thread(target=broker.push, args=(ids,), kwargs={"front": True}, daemon=True)
        with watched.proxy.answers_held():
            pushing.start()
            published: Counter[str] = Counter()

            def all_published() -> bool:
                published.update(watched.counted.take())
                return published["basic.publish"] == len(ids)

            eventually(all_published, "all are sent before any is confirmed")
            assert pushing.is_alive()
        pushing.join(30)
        assert not pushing.is_alive()
        assert broker.count() == len(ids) + 1
        broker.purge()


def test_what_a_task_waits_for_overtakes_what_was_called_before(place: Place, watched: Watched) -> None:
    """Each of the two is sent a second time; that message is taken, and the first one is dropped."""
    one_place = {"runner_cls": "ProcessRunner", "processrunner": {"max_processes": 1}}
    # Nobody sends anything again because the machine is busy.
    quiet = {
        "sweep_interval_seconds": 3600.0,
        "runner_considered_dead_after_minutes": 1.0,
        "max_pending_seconds": 60.0,
    }
    with _app(place) as sample:
        parent = sample.parent(100)
        sample.log("accepted", ids=[parent.invocation_id])
        _call(sample, *range(20))
        with place.start_runner(one_place, quiet, {"rabbitmq_url": watched.url}) as runner:
            try:
                _require_results(place, sample)
                eventually(lambda: sample.app.broker.count() == 0, "every message was dealt with")
            finally:
                runner.terminate()
        began = [each.invocation_id for each in sorted(place.executions(), key=lambda each: each.began)]
        children = sample.app.orchestrator.list_records(InvocationQuery(parent_id=parent.invocation_id))
    assert len(began) == 23
    # Before each of them one that was on its way already may have begun.
    assert max(began.index(child.invocation_id) for child in children) <= 4
    assert watched.counted.take()["basic.publish"] == 4


def test_claiming_asks_the_server_nothing(place: Place, watched: Watched) -> None:
    counted = watched.counted
    quiet = {"heartbeat_interval_seconds": 3600.0, "sweep_interval_seconds": 3600.0, "lease_seconds": 3600.0}
    with _app(place, rabbitmq_url=watched.url, **quiet) as sample, running(sample):
        for number in range(20):
            assert sample.double(number).get(30) == 2 * number
        counted.take()
        for number in range(20):
            assert sample.double(number).get(30) == 2 * number
        asked = counted.take()
        assert asked["basic.publish"] == 20
        assert asked["basic.ack"] <= 21
        assert set(asked) <= UNANSWERED, f"one by one: {asked}"
