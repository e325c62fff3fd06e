"""How threads of one process hear of what others do, and what it costs while nothing happens."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from pynenc.backends.sqlite.broker import SQLiteBroker
from pynenc.backends.sqlite.looker import Looker
from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.backends.sqlite.store import SQLiteStore
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Step
from pynenc.values.runners import Beat, RunnerIdentity

from .app_file import claim, eventually, finish, open_app, open_store, submit

THREAD = "pynenc-sqlite-changes"


def pollers() -> int:
    return sum(thread.name == THREAD for thread in threading.enumerate())


@pytest.fixture
def others(path: Path) -> SQLiteOrchestrator:
    """The same app as another process sees it: nothing is shared but the file."""
    return open_app(path)


def waiting(store: SQLiteStore, results: list[bool], seconds: float = 10.0) -> threading.Thread:
    marker = store.work_marker()
    thread = threading.Thread(target=lambda: results.append(store.wait_for_work(marker, seconds)))
    thread.start()
    return thread


def test_work_of_another_process_wakes_a_waiting_thread(
    app: SQLiteOrchestrator, others: SQLiteOrchestrator
) -> None:
    results: list[bool] = []
    thread = waiting(app.store, results)
    submit(others, "one")
    thread.join(5)
    assert results == [True]


def test_a_message_of_another_process_wakes_a_waiting_thread(path: Path) -> None:
    here, there = SQLiteBroker(open_store(path)), SQLiteBroker(open_store(path))
    results: list[bool] = []
    thread = waiting(here.store, results)
    there.push([InvocationId("one")])
    thread.join(5)
    assert results == [True]
    here.store.close()


def test_other_changes_of_another_process_wake_nobody(
    app: SQLiteOrchestrator, others: SQLiteOrchestrator
) -> None:
    submit(others, "one")
    (claimed,) = claim(others)
    results: list[bool] = []
    thread = waiting(app.store, results, seconds=0.3)
    others.advance(Step(moves=(finish(claimed),)))
    thread.join(5)
    assert results == [False]


def test_an_earlier_due_time_wakes_one_thread(app: SQLiteOrchestrator, others: SQLiteOrchestrator) -> None:
    results: list[bool] = []
    thread = waiting(app.store, results)
    submit(others, "later", delay_seconds=60)
    thread.join(5)
    assert results == [True]


@pytest.mark.parametrize("number", [3, 1000])
def test_what_another_process_finishes_is_reported_once(
    app: SQLiteOrchestrator, others: SQLiteOrchestrator, number: int
) -> None:
    names = [InvocationId(str(n)) for n in range(number)]
    for at in range(0, number, 500):
        submit(app, *names[at : at + 500])
    heard: list[InvocationId] = []
    watch = app.store.watch(heard.extend)
    watch.add(names)
    while claims := claim(others, 50):
        others.advance(Step(moves=tuple(map(finish, claims))))
    eventually(lambda: len(heard) >= number)
    assert sorted(heard) == sorted(names)
    watch.close()


def test_nobody_waits_so_nobody_looks(app: SQLiteOrchestrator) -> None:
    before = pollers()
    submit(app, "one")
    claim(app)
    app.store.watch(lambda ids: None).close()
    assert pollers() == before


def test_close_ends_the_thread(app: SQLiteOrchestrator) -> None:
    before = pollers()
    app.store.wait_for_work(app.store.work_marker(), 0.01)
    assert pollers() == before + 1
    app.store.close()
    assert pollers() == before


def test_idle_waiting_reads_the_version_and_nothing_else(
    app: SQLiteOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(app, "one")
    looks: list[str] = []
    for name in ("look_up", "look_up_all", "follow"):
        original = getattr(Looker, name)
        monkeypatch.setattr(
            Looker, name, lambda *args, name=name, original=original: looks.append(name) or original(*args)
        )
    watch = app.store.watch(lambda ids: None)
    watch.add([InvocationId("one")])
    eventually(lambda: looks)
    looks.clear()
    app.store.wait_for_work(app.store.work_marker(), 0.5)
    assert len(looks) <= 1  # for the wait itself
    watch.close()


def test_heartbeats_of_others_are_no_activity(
    app: SQLiteOrchestrator, others: SQLiteOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    original = Looker.has_changed
    monkeypatch.setattr(Looker, "has_changed", lambda self: looks.append(original(self)) or looks[-1])
    identity = RunnerIdentity(runner_id=RunnerId("r"), runner_cls="ThreadRunner", host="h", pid=1)
    results: list[bool] = []
    began = time.monotonic()
    thread = waiting(app.store, results, seconds=1.0)
    while thread.is_alive():
        others.beat(Beat(alive=(identity,)))
        thread.join(0.005)
    assert any(looks)
    assert len(looks) <= (time.monotonic() - began) / 0.02 + 5  # the longest pause, not the shortest


def test_who_looked_in_vain_leaves_the_processors_to_others(
    app: SQLiteOrchestrator, others: SQLiteOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    original = Looker.has_changed
    monkeypatch.setattr(Looker, "has_changed", lambda self: looks.append(original(self)) or looks[-1])
    results: list[bool] = []
    thread = waiting(app.store, results)
    submit(others, "one")
    thread.join(5)
    assert claim(others)
    assert not claim(app)
    looks.clear()
    began = time.monotonic()
    app.store.wait_for_work(app.store.work_marker(), 0.1)
    assert len(looks) <= (time.monotonic() - began) / 0.002 + 3  # and not every 0.25 ms
