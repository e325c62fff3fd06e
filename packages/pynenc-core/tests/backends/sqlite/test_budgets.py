"""What an operation costs: transactions, indexes, bytes. Counted, not timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pynenc.backends.sqlite.orchestrator import SQLiteOrchestrator
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import Step
from pynenc.values.runners import Beat

from .app_file import ALICE, S, call, claim, finish, pause, plans, request, statements, submit


def transactions(seen: list[str]) -> int:
    assert seen.count("BEGIN IMMEDIATE") == seen.count("COMMIT")
    return seen.count("COMMIT")


@pytest.mark.parametrize("number", [1, 100])
def test_submit_is_one_transaction(app: SQLiteOrchestrator, number: int) -> None:
    with statements(app.store) as seen:
        app.submit([call(str(n)) for n in range(number)], {"hash": "large"}, enqueue=True)
    assert transactions(seen) == 1


@pytest.mark.parametrize("number", [1, 100])
def test_finish_and_claim_are_one_transaction(app: SQLiteOrchestrator, number: int) -> None:
    submit(app, *(str(n) for n in range(2 * number)))
    first = claim(app, number)
    with statements(app.store) as seen:
        answer = app.advance(Step(moves=tuple(map(finish, first)), claim=request(number)))
    assert len(answer.claims) == number
    assert transactions(seen) == 1


def test_pause_and_claim_of_the_awaited_are_one_transaction(app: SQLiteOrchestrator) -> None:
    submit(app, "waiter", "awaited")
    (waiter,) = claim(app)
    with statements(app.store) as seen:
        answer = app.advance(
            Step(moves=(pause(waiter, "awaited"),), claim=request(ids=(InvocationId("awaited"),)))
        )
    assert len(answer.claims) == 1
    assert transactions(seen) == 1


def test_looking_at_an_empty_queue_takes_no_lock(app: SQLiteOrchestrator) -> None:
    submit(app, "running", "later", delay_seconds=0.0)
    claim(app, 2)
    submit(app, "delayed", delay_seconds=60.0)
    with statements(app.store) as seen:
        assert claim(app) == []
        assert claim(app, ids=(InvocationId("running"), InvocationId("delayed"))) == []
        assert claim(app, ids=(InvocationId("running"),), chain=True) == []
    assert seen == []


def test_reading_uses_another_connection(app: SQLiteOrchestrator) -> None:
    submit(app, "one")
    with statements(app.store) as seen:
        app.get_states([InvocationId("one")])
        app.get_records([InvocationId("one")])
        app.count_by_status()
    assert seen == []


def test_a_beat_is_one_transaction(app: SQLiteOrchestrator) -> None:
    with statements(app.store) as seen:
        app.beat(Beat(alive=(ALICE,) * 3))
    assert transactions(seen) == 1


def test_hot_operations_read_by_index_only(app: SQLiteOrchestrator) -> None:
    submit(app, *(str(n) for n in range(10)))
    submit(app, "limited", "limited too", cc_key="key", cc_limit=1, cc_park=True)
    submit(app, "delayed", delay_seconds=60.0)
    with statements(app.store) as seen:
        claims = claim(app, 10)
        app.advance(Step(moves=(pause(claims[0], "limited", "delayed"),)))
        app.advance(Step(moves=tuple(map(finish, claims[1:]))))
        (limited,) = claim(app)
        assert claim(app) == []
        app.advance(Step(moves=(finish(limited),), claim=request()))
        submit(app, "registered", reg_key="key")
        submit(app, "registered again", reg_key="key")
    plan = plans(app, seen)
    assert "SCAN" not in plan.replace("SCAN inv USING INDEX inv_ready", "").replace("SCAN waits", "")
    assert "TEMP B-TREE" not in plan
    for index in ("inv_ready", "inv_delayed", "inv_parked", "inv_places", "inv_registered"):
        assert index in plan, index


def test_sweeps_read_by_index_only(app: SQLiteOrchestrator, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(app, *(str(n) for n in range(10)))
    app.advance(Step(moves=tuple(map(finish, claim(app, 5)))))
    claim(app, 2)
    monkeypatch.setattr(app.store, "read", app.store.write)  # so that the trace sees it
    with statements(app.store) as seen:
        app.find_orphans([RunnerId("bob"), RunnerId("alice")], 10)
        app.find_expired(0.0, 10)
        app.get_states([InvocationId("1")])
        app.advance(Step(claim=request()))
    plan = plans(app, seen)
    assert "inv_owned" in plan
    assert "inv_finished" in plan
    # A scan of a partial index ends at its limit, or looks at what is owned, which is what runs.
    partial = ("inv_ready", "inv_owned", "inv_finished")
    scans = [line for line in plan.splitlines() if line.startswith(("SCAN inv", "SCAN i "))]
    assert [line for line in scans if not line.endswith(partial)] == []


def test_a_finished_invocation_takes_less_than_one_kilobyte(path: Path, app: SQLiteOrchestrator) -> None:
    number = 2000
    for at in range(0, number, 100):
        app.submit(
            [
                call(
                    f"{at + n:08d}-0000-4000-8000-000000000000",
                    arguments='{"x":1,"y":2}',
                    args_preview="x=1, y=2",
                )
                for n in range(100)
            ],
            {},
            enqueue=True,
        )
        app.advance(Step(moves=tuple(map(finish, claim(app, 100)))))
    app.store.close()
    assert app.count_by_status() == {S.SUCCESS: number}
    assert path.stat().st_size / number < 1000
