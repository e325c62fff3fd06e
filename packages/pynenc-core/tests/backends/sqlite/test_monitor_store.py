"""Reads for people cost the same in a large file as in a small one: each follows an index, none sorts much."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable

import pytest

from pynenc.backends.sqlite.monitor_store import SQLiteMonitorStore
from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import Step
from pynenc.values.record_filter import AllOf, Between, Like, Not, NumberField, RecordFilter, TextField
from pynenc.values.status import FINAL

from .app_file import S, claim, finish, plans, submit

Reads = Callable[[SQLiteMonitorStore], object]


def listing(**fields: object) -> Reads:
    return lambda monitor: monitor.list_invocations(RecordQuery(**fields))  # type: ignore[arg-type]


def statuses(*values: S) -> frozenset[S]:
    return frozenset(values)


ONE = InvocationId("1")
SLOW: RecordFilter = AllOf(
    (Between(NumberField.RUN_SECONDS, low=9.0), Not(Like(TextField.ARGS_PREVIEW, ("", "x", ""))))
)
SAME_CALL = Like(TextField.ARGS_ID, ("a-1",))
#: What is asked, and the index that has to serve it.
READS: dict[str, tuple[Reads, str]] = {
    "newest": (listing(), "INTEGER PRIMARY KEY"),
    "deep": (listing(cursor="5"), "INTEGER PRIMARY KEY"),
    "succeeded": (listing(statuses=statuses(S.SUCCESS)), "INTEGER PRIMARY KEY"),
    "failed": (listing(statuses=statuses(S.FAILED)), "inv_unsuccessful"),
    "failed of a task": (listing(statuses=statuses(S.FAILED), task_id="app.task"), "inv_unsuccessful"),
    "paused": (listing(statuses=statuses(S.PAUSED)), "inv_paused"),
    "running": (listing(statuses=statuses(S.RUNNING)), "inv_owned"),
    "waiting": (listing(statuses=statuses(S.RETRY)), "inv_delayed"),
    "many waiting": (listing(statuses=statuses(S.REGISTERED), search_limit=2), "INTEGER PRIMARY KEY"),
    "task": (listing(task_id="app.task"), "calls"),
    "task and status": (listing(task_id="app.task", statuses=statuses(S.SUCCESS)), "calls"),
    "oldest of a task": (listing(task_id="app.task", oldest_first=True), "calls"),
    "workflows": (listing(workflows=True), "inv_workflows"),
    "family": (listing(root_id=ONE, oldest_first=True), "inv_root"),
    "slow": (listing(where=SLOW), "INTEGER PRIMARY KEY"),
    "slow, deep": (listing(where=SLOW, cursor="5", search_limit=2), "INTEGER PRIMARY KEY"),
    "slow and failed": (listing(where=SLOW, statuses=statuses(S.FAILED)), "inv_unsuccessful"),
    "slow of a task": (listing(where=SLOW, task_id="app.task", search_limit=2), "calls"),
    "same call": (listing(where=SAME_CALL, task_id="app.task", search_limit=2), "calls"),
    "slow workflows": (listing(where=SLOW, workflows=True), "inv_workflows"),
    "slow family": (listing(where=SLOW, root_id=ONE, oldest_first=True), "inv_root"),
    "position": (lambda monitor: monitor.find_cursor(1.0), "USING INTEGER PRIMARY KEY (rowid>?)"),
    "registered": (
        lambda monitor: monitor.list_registered(1.0, 5),
        "SEARCH inv USING INTEGER PRIMARY KEY (rowid>?)",
    ),
    "waits": (lambda monitor: monitor.list_waits(ONE, 5), "COVERING INDEX waits_waited"),
    "open": (listing(statuses=frozenset(S) - FINAL), "inv_owned"),
    "open workflows": (listing(statuses=frozenset(S) - FINAL, workflows=True), "inv_owned"),
    "families": (lambda monitor: monitor.count_families([ONE, ONE], 5), "inv_root"),
    "lease": (lambda monitor: monitor.find_lease("sweeper"), "leases"),
    "failures": (lambda monitor: monitor.list_failed(1.0, 9e9, 5), "COVERING INDEX inv_failed"),
    "by id": (lambda monitor: monitor.get_invocations([ONE]), "sqlite_autoindex_inv"),
    "prefix": (lambda monitor: monitor.find_by_prefix("1", 5), "sqlite_autoindex_inv"),
    "suffix": (lambda monitor: monitor.find_by_suffix("1", 5, 5), "COVERING INDEX sqlite_autoindex_inv"),
    "reruns": (listing(rerun_of=ONE), "inv_reruns"),
    "reruns in a status": (listing(rerun_of=ONE, statuses=statuses(S.FAILED)), "inv_reruns"),
    "merges": (lambda monitor: monitor.get_merges([ONE]), "merges USING PRIMARY KEY"),
    "history": (lambda monitor: monitor.get_histories([ONE]), "sqlite_autoindex_inv"),
    "payloads": (lambda monitor: monitor.get_payloads(ONE, 5), "sqlite_autoindex_inv"),
    "finished": (lambda monitor: monitor.list_finished(1.0, 9e9, 5), "COVERING INDEX inv_finished"),
    "sample": (
        lambda monitor: monitor.sample_finished(1.0, 9e9, 3, 5, beyond=1),
        "COVERING INDEX inv_finished",
    ),
    "failed in parts": (lambda monitor: monitor.count_failed(1.0, 9e9, 3, 5), "COVERING INDEX inv_failed"),
    "slow and failed in parts": (lambda monitor: monitor.count_failed(1.0, 9e9, 3, 5, SLOW), "inv_failed"),
    "owned": (lambda monitor: monitor.list_owned(5), "inv_owned"),
    "owned by one": (lambda monitor: monitor.list_owned(5, "alice"), "inv_owned"),
    "next": (lambda monitor: monitor.find_longest_waiting(), "inv_ready"),
    "runners": (lambda monitor: monitor.list_runners(5), "runners_alive"),
    "runner": (lambda monitor: monitor.get_runners(["alice"]), "sqlite_autoindex_runners"),
}
#: Read as a whole: one row per task and status, or what a partial index holds, which is what is open.
READ_WHOLE = (
    "tallies",
    "settled",
    "counts_of_all",
    "inv_owned",
    "inv_ready",
    "inv_delayed",
    "inv_parked",
    "inv_workflows",
    "inv_unsuccessful",
)
READ_WHOLE += ("inv_paused", "runners_alive", "runners")  # in the order of the list, up to its limit
READ_WHOLE += ("search",)  # the steps of a search by halves
READ_WHOLE += ("sqlite_autoindex_inv_1",)  # ids from their end, up to a limit, and nothing else


@pytest.mark.parametrize("name", READS)
def test_a_read_follows_its_index(app: SQLiteOrchestrator, name: str) -> None:
    submit(app, *(str(n) for n in range(10)))
    app.advance(Step(moves=tuple(map(finish, claim(app, 5)))))
    monitor = app.open_monitor_store()
    read, index = READS[name]
    with app.store.inspect() as connection:
        seen: list[str] = []
        connection.set_trace_callback(seen.append)
    read(monitor)
    plan = plans(app, seen)
    assert index in plan, plan
    scans = [line for line in plan.splitlines() if line.startswith("SCAN")]
    # What was searched for along an index is then read as a whole.
    scans = [line for line in scans if not line.split()[-1].startswith("(subquery-")]
    named = [line for line in scans if line.split()[-1] not in READ_WHOLE and "CONSTANT ROW" not in line]
    assert named == [], plan
    # The few that are open, or a handful of rows found by id, are sorted; a list never is.
    if name not in (
        "running",
        "waiting",
        "open",
        "open workflows",
        "next",
        "family",
        "families",
        "slow family",
    ):
        assert "TEMP B-TREE" not in plan, plan
    assert len(seen) <= 3, seen


def test_the_connection_for_people_cannot_write(app: SQLiteOrchestrator) -> None:
    submit(app, "one")
    with pytest.raises(StoreError), app.store.inspect() as connection:
        connection.execute(app.store.sql("DELETE FROM inv_{t}"))
    assert app.open_monitor_store().get_invocations([InvocationId("one")])


def test_a_file_of_an_older_version_is_given_the_indexes(app: SQLiteOrchestrator) -> None:
    submit(app, "one")
    path = app.store.writer.execute("PRAGMA database_list").fetchone()[2]
    app.store.close()
    with sqlite3.connect(path) as connection:
        tables = app.store.tables
        connection.execute(f"DROP INDEX inv_finished_{tables}")
        connection.execute(f"CREATE INDEX inv_ended_{tables} ON inv_{tables} (ended_at)")
        connection.execute("UPDATE pynenc_schema SET version = 2")
    connection.close()
    assert app.open_monitor_store().list_finished(0.0, math.inf, 5) == []
    names = [
        row[0] for row in app.store.writer.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")
    ]
    assert f"inv_finished_{tables}" in names
    assert f"inv_ended_{tables}" not in names


def test_texts_that_many_have_are_in_memory_once(app: SQLiteOrchestrator) -> None:
    # More than are read at once.
    number = 1_500
    submit(app, *(f"{n:04}" for n in range(number)))
    app.advance(Step(moves=tuple(map(finish, claim(app, number)))))
    monitor = app.open_monitor_store()
    ended, registered = monitor.list_finished(1.0, 9e9, 2 * number), monitor.list_registered(1.0, 2 * number)
    assert {row.invocation_id for row in ended} == {f"{n:04}" for n in range(number)}
    assert [row.invocation_id for row in registered] == [f"{n:04}" for n in reversed(range(number))]
    for name in ("task_id", "runner_id"):
        assert len({id(getattr(row, name)) for row in ended}) == 1
        assert len({id(getattr(row, name)) for row in registered}) == 1


def test_what_people_ask_fills_little_memory_with_pages(app: SQLiteOrchestrator) -> None:
    with app.store.inspect() as connection:
        assert connection.execute("PRAGMA cache_size").fetchone() == (-2048,)
