"""Rows are chosen as their records would be, which are read only where rows do not tell."""

from __future__ import annotations

from pynenc import PynencBuilder
from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished
from pynenc.values.operations import NewInvocation
from pynenc.values.record_filter import Between, Like, Not, NumberField, RestsIn, TextField
from pynenc.values.status import InvocationStatus
from pynmon.query.rows import MOST_RECORDS, Rows, narrowed

S = InvocationStatus


def row(number: int) -> Finished:
    status = S.FAILED if number % 2 else S.SUCCESS
    return Finished(100.0 - number, status, "a.b", InvocationId(f"i{number}"), "r", 90.0 - 2 * number, 80.0)


def test_only_the_first_records_are_read() -> None:
    app = PynencBuilder().app_id("rows").memory().build()
    rows = [row(number) for number in range(2 * MOST_RECORDS + 2)]
    calls = [
        NewInvocation(
            invocation_id=one.invocation_id,
            task_id="a.b",
            args_id="x",
            root_id=one.invocation_id,
            args_preview="n=1",
        )
        for one in rows
    ]
    app.orchestrator.submit(calls, {}, enqueue=False)
    store = app.orchestrator.open_monitor_store()
    every = Like(TextField.ARGS_PREVIEW, ("n=1",))
    failed = RestsIn(frozenset({S.FAILED}))
    assert narrowed(store, rows, [every]) == Rows(rows[:MOST_RECORDS], is_cut=True)
    assert narrowed(store, rows, [Not(every)]) == Rows([], is_cut=True)
    # What rows tell is asked first, so that the others are looked at.
    assert narrowed(store, rows, [every, failed]) == Rows(rows[1 : 2 * MOST_RECORDS : 2], is_cut=True)
    assert narrowed(store, rows[:9], [every, failed]) == Rows(rows[1:9:2], is_cut=False)


def test_what_rows_tell_is_asked_of_all_of_them() -> None:
    app = PynencBuilder().app_id("rows").memory().build()
    store = app.orchestrator.open_monitor_store()  # in which nothing is
    rows = [row(number) for number in range(MOST_RECORDS + 2)]
    assert narrowed(store, rows, []) == Rows(rows, is_cut=False)
    long = Between(NumberField.RUN_SECONDS, low=12.0)
    assert narrowed(store, rows, [long]) == Rows(rows[2:], is_cut=False)
    assert narrowed(store, rows, [Like(TextField.HOST, ("h",))]) == Rows([], is_cut=True)
    assert narrowed(store, rows[:0], [long]) == Rows([], is_cut=False)
