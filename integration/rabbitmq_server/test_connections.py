"""Whose connections there are, and what is asked of the server over them."""

from __future__ import annotations

import os
import threading
from collections import Counter
from itertools import chain

import pytest
from integration.faults.place import Place, eventually, running
from integration.rabbitmq_server.scene import (
    Server,
    Watched,
    app_on,
    call,
    channel_of,
    require_results,
    topology,
    warned,
)
from integration.servers.amqp_methods import UNANSWERED

from pynenc.contracts.broker import BaseBroker
from pynenc.values.ids import InvocationId
from pynenc.values.operations import InvocationQuery
from pynenc_rabbitmq import consuming

pytestmark = pytest.mark.timeout(180)


def test_a_fork_has_a_connection_of_its_own(place: Place, server: Server) -> None:
    with app_on(place) as sample:
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


def test_an_enqueue_is_one_publish(place: Place, watched: Watched) -> None:
    counted = watched.counted
    with app_on(place, rabbitmq_url=watched.url) as sample:
        call(sample, 0)
        counted.take()
        call(sample, 1)
        assert counted.take() == {"basic.publish": 1}
        call(sample, *range(100))
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
    with app_on(place, rabbitmq_url=watched.url) as sample, warned() as warnings:
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
    with app_on(place) as sample:
        for thread in _pushing(sample.app.broker, names):
            thread.join(30)
        assert sample.app.broker.count() == 200
        with channel_of(server.url) as channel:
            found = [channel.basic_get(topology(sample).queue)[2].decode() for _ in range(200)]
    for ids in names:
        assert [name for name in found if name in ids] == ids


def test_a_batch_waits_for_its_confirmations_once(place: Place, watched: Watched) -> None:
    with app_on(place, rabbitmq_url=watched.url) as sample:
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
    with app_on(place) as sample:
        parent = sample.parent(100)
        sample.log("accepted", ids=[parent.invocation_id])
        call(sample, *range(20))
        with place.start_runner(one_place, quiet, {"rabbitmq_url": watched.url}) as runner:
            try:
                require_results(place, sample)
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
    with app_on(place, rabbitmq_url=watched.url, **quiet) as sample, running(sample):
        for number in range(20):
            assert sample.double(number).get(30) == 2 * number
        counted.take()
        for number in range(20):
            assert sample.double(number).get(30) == 2 * number
        asked = counted.take()
        assert asked["basic.publish"] == 20
        assert asked["basic.ack"] <= 21
        assert set(asked) <= UNANSWERED, f"one by one: {asked}"


def test_those_that_come_soon_after_each_other_are_confirmed_together(
    place: Place, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "_IDLE_SECONDS", 3600.0)  # however slow the machine is
    names = [InvocationId(f"n{number}") for number in range(60)]
    with app_on(place, rabbitmq_url=watched.url) as sample:
        broker, received = sample.app.broker, []
        for name in names:
            marker = broker.store.work_marker()
            taken = broker.receive(1, 3600.0)
            broker.push([name])
            while not taken:
                assert broker.store.wait_for_work(marker, 60.0)
                marker = broker.store.work_marker()
                taken = broker.receive(1, 3600.0)
            received += [delivery.invocation_id for delivery in taken]
            broker.acknowledge([delivery.receipt for delivery in taken])
        assert received == names
        assert watched.counted.take()["basic.ack"] <= 10
    with app_on(place, rabbitmq_url=watched.url) as sample:
        assert sample.app.broker.count() == 0
