"""What people ask for is written for many submissions at once: it is the same before and after."""

from __future__ import annotations

import sqlite3

import pytest

from pynenc.backends.sqlite import codec
from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import InvocationQuery, Step

from .app_file import TASK, S, claim, finish, statements, submit


def told(app: SQLiteOrchestrator) -> tuple[list[str], list[str], dict[S, int]]:
    """The newest and the oldest first, and how many rest in which status: by everybody who can be asked."""
    monitor = app.open_monitor_store()
    assert monitor.count_by_task().get(TASK, {}) == app.count_by_status() == app.count_by_status(TASK)
    orders = []
    for oldest_first in (False, True):
        record_query = RecordQuery(task_id=TASK, oldest_first=oldest_first, limit=1000)
        listed = [one.invocation_id for one in monitor.list_invocations(record_query).records]
        query = InvocationQuery(task_id=TASK, oldest_first=oldest_first, limit=1000)
        assert [one.invocation_id for one in app.list_records(query)] == listed
        orders.append(listed)
    return orders[0], orders[1], app.count_by_status()


def test_a_call_is_told_of_before_and_after_it_is_settled(
    app: SQLiteOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec, "SETTLED_EVERY", 4)
    names: list[str] = []
    for number in range(1, 11):
        names.append(str(number))
        submit(app, names[-1])
        if number % 3 == 0:
            app.advance(Step(moves=tuple(map(finish, claim(app)))))
        done = {S.SUCCESS: number // 3} if number >= 3 else {}
        assert told(app) == (names[::-1], names, {S.REGISTERED: number - number // 3, **done})


def test_a_single_call_writes_none_of_these_tables(app: SQLiteOrchestrator) -> None:
    with statements(app.store) as seen:
        submit(app, "one")
    assert not [each for each in seen if "calls_" in each or "tallies_" in each or "settled_" in each]


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_positions_that_are_given_again_are_counted_again(
    app: SQLiteOrchestrator, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(codec, "SETTLED_EVERY", 4)
    names = [str(number) for number in range(6)]
    for name in names:
        submit(app, name)
    app.advance(Step(moves=tuple(map(finish, claim(app, 6)))))
    app.delete([InvocationId(name) for name in names[kept:]])
    submit(app, "new")
    done = {S.SUCCESS: kept} if kept else {}
    assert told(app)[1:] == ([*names[:kept], "new"], {S.REGISTERED: 1, **done})
    app.purge()
    submit(app, "first")
    assert told(app)[1:] == (["first"], {S.REGISTERED: 1})


def test_a_file_in_which_each_call_was_counted_at_once_is_taken_over(app: SQLiteOrchestrator) -> None:
    submit(app, "one", "two")
    app.advance(Step(moves=tuple(map(finish, claim(app)))))
    path, tables = app.store.writer.execute("PRAGMA database_list").fetchone()[2], app.store.tables
    app.store.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            f"DROP VIEW counts_of_all_{tables}; DROP TABLE settled_{tables}; DROP TABLE calls_{tables};"
            f"ALTER TABLE tallies_{tables} RENAME TO counts_{tables};"
            f"CREATE INDEX inv_task_{tables} ON inv_{tables} (task_id, n);"
            "UPDATE pynenc_schema SET version = 7;"
        )
    connection.close()
    submit(app, "three")
    assert told(app)[1:] == (["one", "two", "three"], {S.REGISTERED: 2, S.SUCCESS: 1})
    # Whoever was started before counts no more: it would count twice.
    with pytest.raises(StoreError, match="no such table"), app.store.write() as connection:
        connection.execute(app.store.sql("INSERT INTO counts_{t} VALUES ('app.task', 'registered', 1)"))
