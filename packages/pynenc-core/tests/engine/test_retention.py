"""Large values are deleted when no stored invocation refers to them, however old it is, and not before."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pynenc import Pynenc
from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine import retention
from pynenc.engine.current import ActiveInvocation
from pynenc.engine.heartbeat import Heartbeat
from pynenc.engine.retention import MARGIN_SECONDS, DataCollector, PayloadCollector, delete_expired
from pynenc.engine.sweeper import Sweeper
from pynenc.invocation import BaseInvocation
from pynenc.values.clock import SystemClock
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import ClaimRequest, NewInvocation, Step
from pynenc.values.runners import RunnerIdentity

HOUR = 3600.0
AGE = 10 * HOUR
RUNNER = RunnerIdentity(runner_id=RunnerId("runner"), runner_cls="ThreadRunner", host="here", pid=1)


class Clock(SystemClock):
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time


class World:
    """An app whose invocations run when a test says so."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.clock = Clock()
        self.app = Pynenc({"app_id": uuid.uuid4().hex, **settings})
        self.app._clock = self.clock
        self.task = self.app.task(repeats)
        self.engine = self.app.engine
        self.data = self.app.client_data_store
        self.collector = DataCollector(self.engine.components, AGE)

    def run_all(self) -> None:
        while True:
            claim = ClaimRequest(runner=RUNNER, token=uuid.uuid4().hex)
            claims = self.engine.orchestrator.advance(Step(claim=claim)).claims
            if not claims:
                return
            definition = self.engine.registry.get(claims[0].task_id)
            move = self.engine.executor.run(ActiveInvocation(claims[0], None), definition)
            self.engine.orchestrator.advance(Step(moves=(move,)))

    def collect(self) -> None:
        """As often as it takes for a whole collection."""
        for _ in range(10):
            self.collector.step()


def repeats(text: str, times: int = 1) -> str:
    return text * times


def _sqlite(path: Path, **others: str) -> dict[str, Any]:
    names = {
        "orchestrator_cls": "SQLiteOrchestrator",
        "broker_cls": "SQLiteBroker",
        "state_backend_cls": "SQLiteStateBackend",
        "client_data_store_cls": "SQLiteClientDataStore",
    }
    return {**names, "sqlite_db_path": str(path), "sqlite_synchronous": "NORMAL", **others}


@pytest.fixture(params=["mem", "sqlite", "split"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    return {
        "mem": {},
        "sqlite": _sqlite(tmp_path / "one.db"),
        "split": {
            **_sqlite(tmp_path / "one.db"),
            "state_backend_sqlite": {"sqlite_db_path": str(tmp_path / "two")},
        },
    }[request.param]


@pytest.fixture
def world(settings: dict[str, Any]) -> Iterator[World]:
    made = World(settings)
    yield made
    made.app.close()


def test_nothing_remains_after_retention_and_margin(world: World) -> None:
    for number in range(5):
        world.task("x" * 5000, number)
    world.run_all()
    assert world.data.count() == 4  # the argument is one of the results
    world.clock.time += AGE
    assert delete_expired(world.engine.components, AGE) == 5
    world.collect()
    assert world.data.count() == 4
    world.clock.time += MARGIN_SECONDS
    world.collect()
    assert world.data.count() == 0


@pytest.mark.parametrize("settings", ["split"], indirect=True)
def test_payloads_without_an_invocation_go_after_a_margin(world: World) -> None:
    kept = world.task("kept")
    backend, collector = world.app.state_backend, PayloadCollector(world.engine.components)
    abandoned, late = InvocationId("01-abandoned"), InvocationId("01-late")
    backend.put_payloads({PayloadKey(one, 0, PayloadKind.ARGUMENTS): "x" for one in (abandoned, late)})
    collector.step()
    world.clock.time += MARGIN_SECONDS - 1
    collector.step()
    assert backend.list_payload_ids(None, 10) == [abandoned, late, kept.invocation_id]
    world.engine.orchestrator.submit(
        [NewInvocation(invocation_id=late, task_id="t", args_id="a", root_id=late)], {}, enqueue=False
    )
    world.clock.time += 1
    collector.step()
    assert backend.list_payload_ids(None, 10) == [late, kept.invocation_id]


def test_what_an_old_open_invocation_needs_stays(world: World) -> None:
    waiting = world.task("kept" * 1000, 2)
    world.data.put({"0" * 64: "nobody's"})
    for _ in range(3):
        world.clock.time += AGE + MARGIN_SECONDS
        world.collect()
        assert world.data.count() == 1
    world.run_all()
    assert waiting.result == "kept" * 2000


@pytest.mark.parametrize("keys", [["k:secret"], []])
def test_what_a_stored_outcome_needs_stays(world: World, keys: list[str]) -> None:
    world.app.close()
    world.app.conf.signing_keys = tuple(keys)  # type: ignore[assignment]
    world.engine = world.app.engine
    done = world.task("x", 9000)
    world.clock.time += AGE + MARGIN_SECONDS
    world.run_all()
    world.clock.time += AGE - 1  # ended less than the retention ago, but was created long before
    world.collector = DataCollector(world.engine.components, AGE)
    world.clock.time += MARGIN_SECONDS + 1
    world.collect()
    assert world.app.client_data_store.count() == 1
    assert _again(world, done).result == "x" * 9000


def _again(world: World, invocation: BaseInvocation[str]) -> BaseInvocation[str]:
    """A handle that has to read everything."""
    world.engine.payloads._cache._texts.clear()
    return world.task.handle(invocation.invocation_id)


def test_a_value_that_is_used_again_stays(world: World) -> None:
    world.task("x" * 5000)
    world.run_all()
    world.clock.time += AGE + MARGIN_SECONDS
    delete_expired(world.engine.components, AGE)
    later = world.task("x" * 5000)
    world.collect()
    world.run_all()
    assert _again(world, later).result == "x" * 5000


def test_a_value_that_is_used_while_it_is_being_collected_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.task("x" * 5000)
    world.run_all()
    world.clock.time += AGE + MARGIN_SECONDS
    delete_expired(world.engine.components, AGE)
    calls: list[BaseInvocation[str]] = []
    renew = DataCollector._renew

    def call_between(self: DataCollector, records: Any) -> None:
        renew(self, records)
        calls.append(world.task("x" * 5000))

    monkeypatch.setattr(DataCollector, "_renew", call_between)
    assert world.collector.step() == 1  # it was asked for, and refused
    world.run_all()
    assert _again(world, calls[0]).result == "x" * 5000


def test_a_collection_of_many_takes_several_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 3)
    monkeypatch.setattr(retention, "_MAX_BATCHES", 2)
    waiting = [world.task(f"{number:05}" * 1000) for number in range(20)]
    world.data.put({"f" * 64: "nobody's"})
    world.clock.time += AGE + MARGIN_SECONDS
    assert [world.collector.step() for _ in range(2)] == [0, 0]
    # The one where the next step would begin goes away: it begins again.
    assert world.collector._after is not None
    handle = world.app.get_invocation(world.collector._after)
    handle.cancel()
    world.app.orchestrator.delete([handle.invocation_id])
    world.collect()
    assert world.data.count() == 20 - 1 + 1  # the value of the deleted one was renewed before
    world.run_all()
    assert {
        len(_again(world, one).result) for one in waiting if one.invocation_id != handle.invocation_id
    } == {5000}


def test_what_was_renewed_long_ago_counts_no_longer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 1)
    monkeypatch.setattr(retention, "_MAX_BATCHES", 2)
    waiting = [world.task(f"{number:05}" * 1000) for number in range(4)]
    world.data.put({"f" * 64: "nobody's"})
    world.clock.time += AGE + MARGIN_SECONDS
    world.collector.step()
    world.clock.time += AGE + MARGIN_SECONDS  # this process had lost the lease for so long
    world.collect()
    assert world.data.count() == 4
    world.run_all()
    assert [len(_again(world, one).result) for one in waiting] == [5000] * 4


def test_nothing_is_looked_at_while_no_value_is_old(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.task("x" * 5000)
    world.clock.time += AGE
    monkeypatch.setattr(type(world.engine.orchestrator), "list_records", None)
    assert world.collector.step() == 0


@pytest.mark.parametrize(("hours", "left"), [(10, 0), (0, 2)])
def test_the_sweeper_with_the_lease_applies_the_retention(
    settings: dict[str, Any], hours: int, left: int
) -> None:
    world = World({**settings, "auto_final_invocation_purge_hours": hours})
    invocation = world.task("x" * 5000, 2)
    world.run_all()
    world.clock.time += AGE + MARGIN_SECONDS
    parts = world.engine.components
    heartbeat = Heartbeat(world.engine.orchestrator, lambda: (RUNNER,), 1.0, 30.0)
    sweeper = Sweeper(parts, heartbeat, world.engine.recovery)
    sweeper.sweep()
    assert world.data.count() == 2  # it does not lead
    heartbeat.beat()
    assert heartbeat.leads
    sweeper.sweep()
    assert world.data.count() == left
    exists = bool(world.app.orchestrator.get_states([InvocationId(invocation.invocation_id)]))
    assert exists == bool(left)
    world.app.close()
