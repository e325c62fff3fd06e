"""Whatever happens to the server or the connections to it, runners go on by themselves."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from integration.behaviour.conftest import RunningApp, eventually
from integration.redis_server.conftest import MakeApp
from integration.redis_server.own_server import OwnServer
from redis import Redis
from redis.exceptions import RedisError

from pynenc.exceptions import StoreError, StoreFullError
from pynenc.values.ids import RunnerId
from pynenc.values.operations import ClaimRequest, StepAnswer
from pynenc.values.runners import RunnerIdentity
from pynenc.values.status import InvocationStatus as S

RUNNERS = ("ThreadRunner", "PersistentProcessRunner")
#: The promise is two seconds; a machine that is busy with something else is forgiven some more.
AGAIN_SECONDS = 10.0


def _call(app: RunningApp, number: int) -> Any:
    """A call that is accepted, however often it takes."""
    deadline = time.monotonic() + AGAIN_SECONDS
    while True:
        try:
            return app.tasks.add(number)
        except StoreError:
            assert time.monotonic() < deadline, "calls are not accepted again"
            time.sleep(0.02)


def _restart(server: OwnServer) -> None:
    server.restart()


def _drop_connections(server: OwnServer) -> None:
    for kind in ("normal", "pubsub"):
        server.client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


def _flush(server: OwnServer) -> None:
    server.client.flushall()
    server.client.script_flush()


def _be_a_replica_for_a_while(server: OwnServer) -> None:
    server.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(RedisError, match="read only"):
        server.client.set("a", "b")
    server.client.execute_command("REPLICAOF", "NO", "ONE")


def _freeze_for_a_while(server: OwnServer) -> None:
    server.freeze()
    time.sleep(0.5)  # what is frozen cannot be asked for how long
    server.thaw()


@pytest.mark.parametrize("runner_cls", RUNNERS)
@pytest.mark.parametrize(
    "accident", [_restart, _drop_connections, _flush, _be_a_replica_for_a_while, _freeze_for_a_while]
)
def test_an_idle_runner_is_at_work_again(
    server: OwnServer, make_app: MakeApp, runner_cls: str, accident: Callable[[OwnServer], None]
) -> None:
    app = make_app(runner_cls, redis_url=server.url)
    assert app.tasks.add(1).get(60) == 2
    accident(server)
    assert _call(app, 2).get(AGAIN_SECONDS) == 3


@pytest.mark.parametrize("runner_cls", RUNNERS)
def test_a_runner_that_waited_long_for_its_server_is_at_work_again(
    server: OwnServer, make_app: MakeApp, runner_cls: str
) -> None:
    app = make_app(runner_cls, redis_url=server.url, socket_timeout=0.5, publish_timeout_seconds=0.1)
    assert app.tasks.add(1).get(60) == 2
    server.process.kill()
    with pytest.raises(StoreError, match=rf"127\.0\.0\.1:{server.port}"):
        app.tasks.add(2)
    time.sleep(2.5)  # so that pauses between attempts have grown as far as they do
    server.start()
    assert _call(app, 3).get(AGAIN_SECONDS) == 4


def test_a_server_that_says_nothing_for_long_is_asked_and_heard_on_the_same_subscription(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app("ThreadRunner", redis_url=server.url, health_check_interval=0.2)
    assert app.tasks.add(1).get(60) == 2
    server.client.config_resetstat()

    def asked_twice() -> bool:
        return bool(server.client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"] >= 2)

    eventually(asked_twice)
    assert app.tasks.add(2).get(60) == 3
    assert "cmdstat_subscribe" not in server.client.info("commandstats")


def test_who_must_not_wait_sends_a_claim_on_no_connection_that_is_gone(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app(redis_url=server.url)
    invocation = app.tasks.add(1)
    orchestrator = app.app.orchestrator
    runner = RunnerIdentity(runner_id=RunnerId("runner"), runner_cls="ThreadRunner", host="here", pid=1)

    def send() -> Callable[[], StepAnswer] | None:
        prepared = orchestrator.prepare_claim(ClaimRequest(runner=runner, token=uuid.uuid4().hex))
        assert prepared is not None
        return prepared(invocation.invocation_id)

    _drop_connections(server)
    time.sleep(0.2)  # what was used a moment ago is trusted
    assert send() is None
    assert invocation.status is S.REGISTERED  # on a new connection, which is idle now
    answer = send()
    assert answer is not None
    assert [claim.invocation_id for claim in answer().claims] == [invocation.invocation_id]
    app.app.orchestrator.store.close()
    assert send() is None


@pytest.fixture
def nuisance(server: OwnServer) -> Iterator[None]:
    """Every connection is dropped again and again, however slow the machine is: after a few operations each time."""
    done = threading.Event()

    def operations(client: Redis) -> int:
        return int(client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"])

    def drop() -> None:
        with Redis(port=server.port) as client:
            before, dropped_at = 0, time.monotonic()
            while not done.wait(0.1):
                if operations(client) >= before + 10 or time.monotonic() >= dropped_at + 1.0:
                    for kind in ("normal", "pubsub"):
                        client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
                    before, dropped_at = operations(client), time.monotonic()

    thread = threading.Thread(target=drop)
    thread.start()
    yield
    done.set()
    thread.join()


def _require_each_done_once(app: RunningApp, group: Any, expected: list[int]) -> None:
    assert group.get(60) == expected
    for invocation in group.invocations:
        statuses = [entry.status for entry in invocation.history]
        assert statuses.count(S.SUCCESS) == 1, statuses
        assert invocation.record.recoveries == 0
    assert app.app.orchestrator.count_by_status() == {S.SUCCESS: len(expected)}


@pytest.mark.parametrize("runner_cls", RUNNERS)
def test_dropped_connections_lose_and_double_nothing(
    server: OwnServer, make_app: MakeApp, nuisance: None, runner_cls: str
) -> None:
    app = make_app(runner_cls, redis_url=server.url)
    group = app.tasks.add.parallelize([(number,) for number in range(300)])
    _require_each_done_once(app, group, [number + 1 for number in range(300)])


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_batch_whose_answer_is_lost_while_the_next_one_is_prepared_is_registered_once(
    server: OwnServer, make_app: MakeApp, carried_out: bool
) -> None:
    app = make_app("ThreadRunner", redis_url=server.url)
    assert app.tasks.add(1).get(60) == 2
    batch = app.tasks.add.conf.parallel_batch_size

    def numbers() -> Iterator[tuple[int]]:
        for number in range(2 * batch):
            if number == 0 and not carried_out:
                server.client.client_pause(
                    60_000, all=False
                )  # what writes waits, so that it is not carried out
            if number == batch:
                _drop_connections(server)
                server.client.client_unpause()
            yield (number,)

    group = app.tasks.add.parallelize(numbers())
    assert group.get(60) == [number + 1 for number in range(2 * batch)]
    assert app.app.orchestrator.count_by_status() == {S.SUCCESS: 2 * batch + 1}


def test_an_item_that_cannot_be_sent_leaves_the_batches_before_it_registered(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app("ThreadRunner", redis_url=server.url)
    batch = app.tasks.add.conf.parallel_batch_size
    items: list[Any] = [(number,) for number in range(batch)]
    for _ in range(3):
        with pytest.raises(TypeError, match="cannot be called so"):
            app.tasks.add.parallelize([*items, (1, 2, 3, 4, 5)])
    eventually(lambda: app.app.orchestrator.count_by_status() == {S.SUCCESS: 3 * batch})


def test_restarts_under_load_lose_nothing_that_was_accepted(server: OwnServer, make_app: MakeApp) -> None:
    app = make_app("PersistentProcessRunner", redis_url=server.url)
    group = app.tasks.add.parallelize([(number,) for number in range(2000)])
    for share in (0.1, 0.4):
        eventually(lambda share=share: _done(app) >= 2000 * share)
        server.restart()
    assert group.get(60) == [number + 1 for number in range(2000)]


def _done(app: RunningApp) -> int:
    try:
        return int(app.app.orchestrator.count_by_status().get(S.SUCCESS, 0))
    except StoreError:
        return 0


def test_a_full_server_refuses_calls_and_goes_on_once_there_is_room(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app("ThreadRunner", redis_url=server.url)
    waiting = app.tasks.add(1)
    assert waiting.get(60) == 2
    server.client.config_set("maxmemory", "1mb")
    with pytest.raises(StoreFullError, match="maxmemory"):
        app.tasks.add(2)
    before = server.client.dbsize()
    with pytest.raises(StoreFullError):
        app.tasks.add.parallelize([(number,) for number in range(100)])
    assert server.client.dbsize() == before, "nothing is half written"
    server.client.config_set("maxmemory", "0")
    assert _call(app, 3).get(AGAIN_SECONDS) == 4


def test_a_server_that_answers_nobody_is_an_error_within_the_timeout(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app(redis_url=server.url, socket_timeout=0.3, publish_timeout_seconds=0.1)
    app.tasks.add(1)
    server.freeze()
    began = time.monotonic()
    with pytest.raises(StoreError):
        app.app.orchestrator.count_by_status()
    assert time.monotonic() - began < AGAIN_SECONDS
    server.thaw()
    assert _call(app, 2).status is S.REGISTERED
