"""Whatever happens to the server or the connections to it, runners go on by themselves, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration.behaviour.conftest import RunningApp, eventually
from integration.mongodb_server.conftest import MakeApp, own_server
from integration.mongodb_server.own_server import OwnServer

from pynenc.exceptions import StoreError
from pynenc.values.status import InvocationStatus as S

RUNNERS = ("ThreadRunner", "PersistentProcessRunner")
#: The promise is five seconds; a machine that is busy with something else is forgiven some more.
AGAIN_SECONDS = 15.0


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


def _step_down(server: OwnServer) -> None:
    server.step_down()


def _kill_operations(server: OwnServer) -> None:
    """Also the change streams that wait: their cursors die."""
    eventually(lambda: server.kill_operations("pynenc"))


def _freeze_for_a_while(server: OwnServer) -> None:
    server.freeze()
    time.sleep(0.5)  # what is frozen cannot be asked for how long
    server.thaw()


@pytest.mark.parametrize("runner_cls", RUNNERS)
@pytest.mark.parametrize("accident", [_restart, _step_down, _kill_operations, _freeze_for_a_while])
def test_an_idle_runner_is_at_work_again(
    server: OwnServer, make_app: MakeApp, runner_cls: str, accident: Callable[[OwnServer], None]
) -> None:
    app = make_app(runner_cls, mongo_url=server.url)
    assert app.tasks.add(1).get(60) == 2
    accident(server)
    assert _call(app, 2).get(AGAIN_SECONDS) == 3


def test_a_runner_that_waited_long_for_its_server_is_at_work_again(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app(
        "PersistentProcessRunner",
        mongo_url=server.url,
        socket_connect_timeout=0.5,
        publish_timeout_seconds=0.1,
    )
    assert app.tasks.add(1).get(60) == 2
    server.process.kill()
    with pytest.raises(StoreError, match=rf"127\.0\.0\.1:{server.port}"):
        app.tasks.add(2)
    time.sleep(2.5)  # so that pauses between attempts have grown as far as they do
    server.start()
    assert _call(app, 3).get(AGAIN_SECONDS) == 4


def _done(app: RunningApp) -> int:
    try:
        return int(app.app.orchestrator.count_by_status().get(S.SUCCESS, 0))
    except StoreError:
        return 0


def _require_each_done_once(app: RunningApp, group: Any, expected: list[int]) -> None:
    assert group.get(100) == expected
    for invocation in group.invocations:
        statuses = [entry.status for entry in invocation.history]
        assert statuses.count(S.SUCCESS) == 1, statuses
    assert app.app.orchestrator.count_by_status() == {S.SUCCESS: len(expected)}


@pytest.mark.parametrize("accident", [_restart, _step_down])
def test_accidents_under_load_lose_and_double_nothing(
    server: OwnServer, make_app: MakeApp, accident: Callable[[OwnServer], None]
) -> None:
    app = make_app("PersistentProcessRunner", mongo_url=server.url)
    number = 300
    group = app.tasks.add.parallelize([(one,) for one in range(number)])
    for share in (0.1, 0.5):
        eventually(lambda share=share: _done(app) >= number * share, 60)
        accident(server)
    _require_each_done_once(app, group, [one + 1 for one in range(number)])


def test_killed_operations_lose_and_double_nothing(server: OwnServer, make_app: MakeApp) -> None:
    app = make_app("PersistentProcessRunner", mongo_url=server.url)
    done = threading.Event()

    def kill() -> None:
        while not done.wait(0.02):
            server.kill_operations("pynenc")

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        invocations = [_call(app, one) for one in range(100)]
        eventually(lambda: _done(app) >= len({one.invocation_id for one in invocations}), 100)
    finally:
        done.set()
        thread.join()
    assert [one.get(60) for one in invocations] == [one + 1 for one in range(100)]
    # A call whose answer was lost may have been made twice by the loop above, and then under two ids.
    assert set(app.app.orchestrator.count_by_status()) == {S.SUCCESS}


#: What a server is made to fail with, several times in a row.
FAILURES: dict[str, dict[str, Any]] = {
    "connection closed": {"closeConnection": True},
    "not the primary": {"errorCode": 10107},
    "stepped down": {"errorCode": 189},
    "shutting down": {"errorCode": 91},
    "no majority": {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failed_commands_are_resolved_by_reading_back(
    server: OwnServer, make_app: MakeApp, failure: str
) -> None:
    app = make_app("ThreadRunner", mongo_url=server.url, publish_timeout_seconds=30)
    app.tasks.add(0).get(60)
    admin = server.client.admin
    commands = ["insert", "update", "findAndModify"]
    admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": 6},
        data={"failCommands": commands, "appName": _app_name(app), **FAILURES[failure]},
    )
    try:
        invocations = [_call(app, number) for number in range(20)]
        assert [invocation.get(60) for invocation in invocations] == list(range(1, 21))
    finally:
        admin.command("configureFailPoint", "failCommand", mode="off")
    for invocation in invocations:
        assert [entry.status for entry in invocation.history].count(S.SUCCESS) == 1


def _app_name(app: RunningApp) -> str:
    return f"pynenc {app.app.orchestrator.store.app}"


def test_a_standalone_server_works_and_is_warned_about(
    tmp_path: Path, make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    with own_server(tmp_path / "standalone", standalone=True) as server:
        app = make_app("ThreadRunner", mongo_url=server.url)
        assert app.tasks.fib(5).get(60) == 5
        assert "is a standalone server" in caplog.text
        app.stop()


def test_a_server_that_answers_nobody_is_an_error_within_the_timeout(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app(mongo_url=server.url, socket_timeout=0.5, publish_timeout_seconds=0.1)
    app.tasks.add(1)
    server.freeze()
    try:
        began = time.monotonic()
        with pytest.raises(StoreError):
            app.app.orchestrator.count_by_status()
        assert time.monotonic() - began < AGAIN_SECONDS
    finally:
        server.thaw()
    assert _call(app, 2).status is S.REGISTERED
