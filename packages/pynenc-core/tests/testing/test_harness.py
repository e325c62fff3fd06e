from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import pytest

from pynenc import Pynenc
from pynenc.exceptions import RunnerError
from pynenc.testing import FakeClock, Harness
from pynenc.values.status import InvocationStatus


def configured(path: Path) -> Pynenc:
    names = ("orchestrator", "broker", "state_backend", "client_data_store")
    classes = {f"{name}_cls": "SQLite" + "".join(part.title() for part in name.split("_")) for name in names}
    return Pynenc({"app_id": "configured", "sqlite_db_path": str(path), **classes})


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents


def pay(amount: object) -> int:
    return getattr(amount, "cents", 0)


def test_the_stores_of_the_app_are_not_touched(tmp_path: Path) -> None:
    app = configured(tmp_path / "shop.db")
    task = app.task(pay)
    with Harness(app) as harness:
        inside = task(1)
        assert harness.run_until_idle() == 1
        assert not list(tmp_path.iterdir())
    assert inside.result == 0  # a handle stays with the memory that it was made for
    outside = task(2)
    assert outside.status is InvocationStatus.REGISTERED
    assert (tmp_path / "shop.db").exists()
    app.close()


def test_everything_is_as_before_afterwards(tmp_path: Path) -> None:
    app = configured(tmp_path / "shop.db")
    app.conf.max_recoveries = 7
    task = app.task(pay)
    before = task(1)
    engine, direct, origin = app.engine, app.conf.direct_values(), app.conf.origin("orchestrator_cls")
    with Harness(app) as harness:
        assert harness.invocations(task) == []
        app.conf.max_recoveries = 1
        app.conf.app_id = "other"
        app.close()  # as a program under test may do
        assert task(3).result == 0
    assert app.engine is engine
    assert app.conf.direct_values() == direct == {"max_recoveries": 7}
    assert app.conf.origin("orchestrator_cls") == origin
    assert (app.app_id, app.conf.orchestrator_cls) == ("configured", "SQLiteOrchestrator")
    assert before.status is InvocationStatus.REGISTERED
    app.close()


def test_registered_types_are_known_inside(tmp_path: Path) -> None:
    app = configured(tmp_path / "shop.db")
    app.register_type(Money, lambda money: money.cents, Money)
    task = app.task(pay)
    with Harness(app):
        assert task(Money(5)).result == 5


def test_a_development_mode_is_left_aside(monkeypatch: pytest.MonkeyPatch, tasks: ModuleType) -> None:
    monkeypatch.setenv("PYNENC__DEV_MODE_FORCE_SYNC_TASKS", "true")
    with Harness(tasks.app) as harness:
        tasks.add(1, 1)
        assert harness.run_until_idle() == 1


def test_each_harness_begins_empty(tasks: ModuleType) -> None:
    for _ in range(2):
        with Harness(tasks.app) as harness:
            tasks.add(1, 1)
            assert len(harness.invocations(tasks.add)) == 1


def test_invocations_are_listed_in_the_order_of_their_calls(harness: Harness, tasks: ModuleType) -> None:
    calls = tasks.add.parallelize([(n, 0) for n in range(501)]).invocations
    tasks.down(0)
    assert harness.invocations(tasks.add) == calls
    assert harness.invocations(tasks.add)[500].arguments.kwargs == {"x": 500, "y": 0}


def test_several_harnesses_may_share_a_clock(harness: Harness, tasks: ModuleType) -> None:
    with Harness(Pynenc({"app_id": "second"}), harness.clock) as second:
        second.advance(5)
    assert harness.clock.monotonic() == 5


def test_an_app_is_in_one_harness_at_a_time(harness: Harness, tasks: ModuleType) -> None:
    with pytest.raises(RunnerError, match="in a harness already"), Harness(tasks.app):
        pass
    assert tasks.add(1, 1).result == 2


def test_it_is_used_inside_of_its_block(tasks: ModuleType) -> None:
    harness = Harness(tasks.app, FakeClock())
    for call in (harness.run_until_idle, lambda: harness.advance(1)):
        with pytest.raises(RunnerError, match="inside of its `with` block"):
            call()


def test_tasks_do_not_drive_it(harness: Harness, tasks: ModuleType) -> None:
    tasks.outside.append(harness.run_until_idle)
    with pytest.raises(RunnerError, match="called inside of a task"):
        tasks.calls_out().result  # noqa: B018


def test_it_does_not_run_on_the_thread_of_a_running_loop(harness: Harness, tasks: ModuleType) -> None:
    async def test() -> int:
        invocation = tasks.async_add(1, 2)
        for call in (harness.run_until_idle, lambda: harness.advance(1), lambda: invocation.result):
            with pytest.raises(RunnerError, match="running event loop"):
                call()
        await asyncio.to_thread(harness.run_until_idle)
        return await invocation.async_result()

    assert asyncio.run(test()) == 3


def test_a_wait_that_can_never_end_is_an_error(harness: Harness, tasks: ModuleType) -> None:
    outer = tasks.waits_for_flaky(1)

    def wait_for_outer() -> str:
        return str(outer.result)

    tasks.outside.append(wait_for_outer)
    inner = tasks.calls_out()
    with pytest.raises(RunnerError, match="nothing can run, and nothing falls due"):
        harness.run_until_idle()
    assert inner.status.is_final()
