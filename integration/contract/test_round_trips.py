"""Counted budgets: how often a store is written to. Unlike timings these do not drift.

Counted where somebody told how; another backend joins by an entry in ``COUNTERS``.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from integration.backends.parts import Backend
from integration.clocks import eventually
from integration.world import World, finish, ids, message, pause, record, release, resume

from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.contracts import BaseStore
from pynenc.inspection import notes_of
from pynenc.values.notes import RunnerNotes
from pynenc.values.operations import Step
from pynenc.values.workflows import RecordedOperation

#: One entry per write: everything that it consisted of.
Writes = list[str]
SAMPLE = "integration.behaviour.sample"
BATCH = 64


@contextmanager
def _transactions(store: BaseStore) -> Iterator[Writes]:
    assert isinstance(store, SQLiteStore)
    seen: Writes = []
    is_open = False

    def note(statement: str) -> None:
        nonlocal is_open
        if not is_open:  # a statement that comes alone is a transaction, too
            seen.append("")
        if statement.startswith("BEGIN"):
            is_open = True
        else:
            seen[-1] += statement + "\n"
        if statement in ("COMMIT", "ROLLBACK"):
            is_open = False

    store.writer.set_trace_callback(note)
    try:
        yield seen
    finally:
        store.writer.set_trace_callback(None)


COUNTERS: dict[str, Callable[[BaseStore], AbstractContextManager[Writes]]] = {
    "sqlite": _transactions,
    # Only a run that is about Redis needs its driver.
    "redis": lambda store: importlib.import_module("integration.servers.redis_commands").writes(store),
}


@pytest.fixture
def counted(backend: Backend) -> Callable[[BaseStore], AbstractContextManager[Writes]]:
    """Counts the writes to a store within a block."""
    if backend.name not in COUNTERS:
        pytest.skip(f"nobody counts the writes of backend '{backend.name}'")
    return COUNTERS[backend.name]


@pytest.mark.parametrize("number", [1, 100])
def test_a_submission_is_one_write(world: World, counted: Any, number: int) -> None:
    with counted(world.parts.orchestrator.store) as writes:
        world.submit(*(f"call-{index}" for index in range(number)))
    assert len(writes) == 1


def test_calls_that_are_merged_are_counted_by_the_write_that_looks_for_what_stands_for_them(
    world: World, counted: Any
) -> None:
    world.submit("one", reg_key="k")
    with counted(world.parts.orchestrator.store) as writes:
        world.submit(*(f"call-{index}" for index in range(100)), reg_key="k")
    assert len(writes) == 1
    assert world.monitor.get_merges(ids("one"))[ids("one")[0]].calls == 100


def test_finishing_a_batch_and_claiming_the_next_is_one_write(world: World, counted: Any) -> None:
    world.submit(*(f"call-{index}" for index in range(2 * BATCH)))
    ahead: dict[str, Any] = {
        "limit": BATCH,
        "ahead": {"app.task": 0.0},
        "ahead_seconds": 1.0,
        "start_seconds": 1.0,
    }
    first = world.claims(**ahead)
    with counted(world.parts.orchestrator.store) as writes:
        step = Step(moves=tuple(map(finish, first)), claim=world.claim_request(**ahead))
        answer = world.orchestrator.advance(step)
    assert (len(first), len(answer.claims)) == (BATCH, BATCH)
    assert len(writes) == 1


def test_looking_in_vain_for_work_writes_nothing(world: World, counted: Any) -> None:
    with counted(world.parts.orchestrator.store) as writes:
        assert world.claims() == []
    assert writes == []


def test_a_helped_call_is_three_writes(world: World, counted: Any) -> None:
    waiter = world.run("waiter")
    with counted(world.parts.orchestrator.store) as writes:
        (helped,) = world.submit("helped")
        step = Step(moves=(pause(waiter, "helped"),), claim=world.claim_request(ids=(helped,)))
        claim = world.orchestrator.advance(step).claims[0]
        world.orchestrator.advance(Step(moves=(finish(claim), resume(waiter)), read=(helped,)))
    assert len(writes) == 3


def test_recording_is_one_write_and_so_is_a_pause_that_records(world: World, counted: Any) -> None:
    flow = world.run_workflow("flow")
    with counted(world.parts.orchestrator.store) as writes:
        world.do(record(flow, (1, "random", "0.5")))
        world.do(release(flow, awaits="go", operations=(RecordedOperation(2, "wait", ""),)))
        world.send(message("flow", "go"))
    assert len(writes) == 3


# -- the same through tasks and a runner --------------------------------------------------------------


@pytest.fixture
def sample(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the sample app, with one thread at work."""
    config = {
        "app_id": f"round-trips-{uuid.uuid4().hex}",
        "runner_cls": "ThreadRunner",
        "threadrunner": {"max_threads": 1},
        "logging_level": "warning",
        **backend.settings(tmp_path),
    }
    monkeypatch.setenv("PYNENC_BEHAVIOUR_CONFIG", json.dumps(config))
    sys.modules.pop(SAMPLE, None)
    module = importlib.import_module(SAMPLE)
    runner = module.app.runner
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    eventually(lambda: runner.running, "the runner runs")
    assert module.add(1).result == 2  # everything is open and known
    eventually(lambda: _notes(module).terms, "the runner wrote down what it is")
    yield module
    runner.stop_runner_loop()
    thread.join(30)
    module.app.purge()
    module.app.close()


def _notes(sample: Any) -> RunnerNotes:
    return notes_of(sample.app).get(sample.app.runner.runner_id, RunnerNotes())


def _of_invocations(writes: Writes) -> Writes:
    """Without the heartbeats of the runner."""
    records = ("inv_", ":o:i:", ":o:packed ")
    return [write for write in writes if any(one in write for one in records)]


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_a_call_is_three_writes_and_each_helped_one_three_more(sample: Any, counted: Any, depth: int) -> None:
    with counted(sample.app.orchestrator.store) as writes:
        assert sample.down(depth).result == depth
    # Submitted, claimed and started, finished.
    assert len(_of_invocations(writes)) == 3 + 3 * depth


@pytest.mark.parametrize("operations", [0, 1, 20])
def test_a_recorded_operation_is_one_write(sample: Any, counted: Any, operations: int) -> None:
    with counted(sample.app.orchestrator.store) as writes:
        assert sample.counts(operations).result == operations
    recorded = [write for write in writes if "step builtins.int" in write]
    assert len(recorded) == operations
    # Submitted, claimed and started, finished.
    assert len([write for write in _of_invocations(writes) if write not in recorded]) == 3


def test_an_idle_worker_writes_nothing_but_heartbeats(sample: Any, counted: Any) -> None:
    with counted(sample.app.orchestrator.store) as writes:
        time.sleep(2.5)
    others = [write for write in writes if "runners_" not in write and ":o:run:" not in write]
    assert others == []
    notes = _notes(sample)
    assert notes.code is not None
    assert f"{SAMPLE}.add" in notes.code.tasks
    assert notes.code.settings["max_threads"].value == "1"
    assert [term.until for term in notes.terms] == [None]
