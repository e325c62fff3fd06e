"""What people are shown of records, runners and figures: nothing secret, nothing written."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from integration.contract.monitor_lists import between, like, listed, names, populate
from integration.world import (
    ALICE,
    BOB,
    ERROR,
    RESULT,
    S,
    World,
    by_system,
    call,
    finish,
    ids,
    pause,
    recover,
    retry,
)

from pynenc.contracts import PayloadKind
from pynenc.values.ids import RunnerId
from pynenc.values.monitor import RecordQuery, equal_parts
from pynenc.values.record_filter import Not, NumberField, RecordFilter, RestsIn, TextField
from pynenc.values.records import InvocationRecord, Outcome, OutcomeKind
from pynenc.values.runners import Beat, LeaseRequest


def slim(record: InvocationRecord) -> InvocationRecord:
    outcome = replace(record.outcome, data=None) if record.outcome else None
    return replace(record, token=None, arguments=None, outcome=outcome)


def test_records_are_whole_without_tokens_and_payloads(world: World) -> None:
    populate(world)
    world.submit("big", arguments="x" * 1000, args_preview="x=1")
    world.claim(ids=ids("big"))
    wanted = ids("big", "failed", "won", "parked", "retried", "unknown")
    expected = {one: slim(record) for one, record in world.orchestrator.get_records(wanted).items()}
    assert world.monitor.get_invocations(wanted) == expected
    listed_records = world.monitor.list_invocations(RecordQuery(limit=100)).records
    assert {
        one: record for record in listed_records for one in [record.invocation_id]
    }.items() >= expected.items()


def test_payloads_are_given_as_stored_and_cut(world: World) -> None:
    world.submit("it", arguments='{"a": "=1"}')
    monitor = world.monitor
    assert monitor.get_payloads(ids("it")[0], 100) == {PayloadKind.ARGUMENTS: '{"a": "=1"}'}
    world.do(finish(world.claim()))
    assert monitor.get_payloads(ids("it")[0], 3) == {
        PayloadKind.ARGUMENTS: '{"a',
        PayloadKind.OUTCOME: '"it',
    }
    assert monitor.get_payloads(ids("unknown")[0], 3) == {}


def test_ids_are_found_by_how_they_begin(world: World) -> None:
    world.submit("ab%", "abc", "abd", "b", "a_c", "Abc")
    monitor = world.monitor
    assert names(monitor.find_by_prefix("ab", 10)) == ["ab%", "abc", "abd"]
    assert names(monitor.find_by_prefix("ab", 2)) == ["ab%", "abc"]
    assert names(monitor.find_by_prefix("a%", 10)) == []
    assert monitor.find_by_prefix("", 10) == []


def test_ids_are_found_by_how_they_end(world: World) -> None:
    world.submit("a1xy", "b1xy", "c1xy", "d1.y", "e%xy", "xy", "f1XY")
    monitor = world.monitor
    assert names(monitor.find_by_suffix("1xy", 10, 100)) == ["c1xy", "b1xy", "a1xy"]
    assert names(monitor.find_by_suffix("xy", 10, 100)) == ["xy", "e%xy", "c1xy", "b1xy", "a1xy"]
    assert names(monitor.find_by_suffix("1xy", 2, 100)) == ["c1xy", "b1xy"]
    for nothing in ("%xy1", "*", ".xy", "Xy", "aa1xy"):
        assert names(monitor.find_by_suffix(nothing, 10, 100)) == [], nothing
    assert names(monitor.find_by_suffix("1.y", 10, 100)) == ["d1.y"]


def test_only_so_many_ids_are_looked_at_for_their_end(world: World) -> None:
    world.submit("1z", "2-", "3z", "4-", "5z")
    monitor = world.monitor
    assert names(monitor.find_by_suffix("z", 10, 2)) == ["5z"]
    assert names(monitor.find_by_suffix("z", 10, 3)) == ["5z", "3z"]


def test_what_repeats_an_invocation_is_listed(world: World) -> None:
    populate(world)
    world.submit(call("again", task_id="app.other", rerun_of="failed"))
    world.submit(call("once more", rerun_of="failed"), call("other", rerun_of="won"))
    failed = ids("failed")[0]
    assert listed(world, rerun_of=failed) == ["once more", "again"]
    assert listed(world, rerun_of=failed, oldest_first=True) == ["again", "once more"]
    assert listed(world, rerun_of=ids("lost")[0]) == []
    # Besides everything else that may be asked.
    assert listed(world, rerun_of=failed, task_id="app.other") == ["again"]
    assert listed(world, rerun_of=failed, root_id=ids("again")[0]) == ["again"]
    assert listed(world, rerun_of=failed, workflows=True) == []
    assert listed(world, rerun_of=ids("lost")[0], root_id=ids("lost")[0]) == []
    assert listed(world, rerun_of=failed, where=like(TextField.INVOCATION_ID, "again")) == ["again"]
    world.do(finish(world.claim(ids=ids("again"))))
    assert listed(world, rerun_of=failed, statuses=frozenset({S.SUCCESS})) == ["again"]
    assert listed(world, rerun_of=failed, statuses=frozenset({S.REGISTERED})) == ["once more"]
    world.orchestrator.delete(ids("again"))
    assert listed(world, rerun_of=failed) == ["once more"]


def test_histories_are_those_of_the_orchestrator(world: World) -> None:
    populate(world)
    wanted = ids("failed", "paused", "late", "unknown")
    assert world.monitor.get_histories(wanted) == {
        one: world.orchestrator.get_history(one) for one in wanted if one != "unknown"
    }


def test_counts_are_by_task_and_status(world: World) -> None:
    populate(world)
    counts = world.monitor.count_by_task()
    assert counts == {task: world.orchestrator.count_by_status(task) for task in ("app.task", "app.other")}
    assert world.monitor.count_by_task()["app.other"] == {S.FAILED: 1, S.SUCCESS: 1, S.CANCELLED: 1}


def test_what_ended_in_a_window_is_listed_with_its_figures(world: World) -> None:
    for name in ("one", "two", "three"):
        world.submit(name)
        world.pass_time(1.0)
        claim = world.claim(ids=ids(name))
        world.pass_time(2.0)
        world.do(finish(claim, ERROR if name == "two" else RESULT))
    world.submit("open")
    records = {name: world.record(name) for name in ("one", "two", "three")}
    end = records["two"].ended_at
    assert end is not None
    monitor = world.monitor
    found = monitor.list_finished(0.0, math.inf, 10)
    assert names(found) == ["three", "two", "one"]
    assert names(monitor.list_finished(0.0, math.inf, 2)) == ["three", "two"]
    assert names(monitor.list_finished(0.0, math.inf, 2, oldest_first=True)) == ["one", "two"]
    assert names(monitor.list_finished(end, math.inf, 10)) == ["three", "two"]
    assert names(monitor.list_finished(0.0, end, 10)) == ["one"]
    for one in found:
        record = records[one.invocation_id]
        assert one == (
            record.ended_at,
            record.status,
            record.task_id,
            record.invocation_id,
            record.runner_id,
            record.started_at,
            record.available_at,
        )


def test_what_failed_in_a_window_is_listed_with_its_kind(world: World) -> None:
    other = Outcome(OutcomeKind.EXCEPTION, error_type="OSError", error_msg="gone", fingerprint="e" * 16)
    outcomes = {"one": ERROR, "fine": RESULT, "two": other, "three": ERROR}
    for name, outcome in outcomes.items():
        claim = world.run(name)
        world.pass_time(1.0)
        world.do(finish(claim, outcome))
    retried = world.run("retried")
    world.do(replace(retry(retried), outcome=ERROR))
    world.submit("open")
    monitor = world.monitor
    found = monitor.list_failed(0.0, math.inf, 10)
    assert names(found) == ["three", "two", "one"]
    for one in found:
        record = world.record(one.invocation_id)
        assert record.outcome is not None
        assert one == (
            record.ended_at,
            record.task_id,
            record.invocation_id,
            record.outcome.error_type,
            record.outcome.fingerprint,
        )
    assert names(monitor.list_failed(0.0, math.inf, 2)) == ["three", "two"]
    assert names(monitor.list_failed(found[1].ended_at, math.inf, 10)) == ["three", "two"]
    assert names(monitor.list_failed(0.0, found[1].ended_at, 10)) == ["one"]


def test_the_latest_ends_of_each_part_of_a_window_stand_for_all_of_it(world: World) -> None:
    for name in "abcdefg":
        claim = world.run(name)
        world.pass_time(0.05)
        world.do(finish(claim, ERROR if name in "bcf" else RESULT))
    world.submit("open")
    monitor = world.monitor
    every = monitor.list_finished(0.0, math.inf, 10)
    since, until = every[-1].ended_at, every[0].ended_at
    # What begins a part belongs to it, what ends it to the next one.
    parts = equal_parts(since, until, 3)
    inside = [monitor.list_finished(*edges, 10) for edges in parts]
    assert {one.invocation_id for part in inside for one in part} == set(ids(*"abcdef"))
    assert monitor.sample_finished(since, until, 3, 10, beyond=5) == inside
    assert monitor.sample_finished(since, until, 3, 1, beyond=0) == [part[:1] for part in inside]
    # So few can be listed.
    assert monitor.sample_finished(since, until, 3, 10, beyond=6) == []
    assert monitor.sample_finished(until + 1.0, until + 2.0, 2, 5, beyond=0) == []
    assert monitor.sample_finished(since, until + 9.0, 3, 10, beyond=6)[1:] == [[], []]


def test_of_what_ended_at_one_instant_a_part_has_no_more_than_it_is_asked_for(world: World) -> None:
    claims = [world.run(name) for name in "abcd"]
    world.pass_time(0.05)
    world.do(*map(finish, claims))
    monitor = world.monitor
    latest = monitor.list_finished(0.0, math.inf, 1)[0].ended_at
    (part,) = monitor.sample_finished(latest - 10.0, latest + 1.0, 1, 2, beyond=3)
    assert len({one.invocation_id for one in part}) == 2


def test_failures_are_counted_in_each_part_of_a_window(world: World) -> None:
    for name in "abcdefg":
        claim = world.run(name)
        world.pass_time(0.05)
        world.do(finish(claim, ERROR if name in "bcf" else RESULT))
    monitor = world.monitor
    every = monitor.list_finished(0.0, math.inf, 10)
    since, until = every[-1].ended_at, every[0].ended_at
    parts = [len(monitor.list_failed(*edges, 10)) for edges in equal_parts(since, until, 3)]
    assert sum(parts) == 3
    assert monitor.count_failed(since, until, 3, 10) == parts
    assert monitor.count_failed(since, until, 1, 10) == [3]
    assert monitor.count_failed(since, until, 1, 2) == [2]
    assert monitor.count_failed(until + 1.0, until + 2.0, 2, 5) == [0, 0]


def test_failures_that_fulfil_a_condition_are_counted(world: World) -> None:
    for name in "abcde":
        claim = world.run(name)
        world.pass_time(0.5 if name == "c" else 0.05)
        world.do(finish(claim, RESULT if name == "a" else ERROR))
    monitor = world.monitor
    every = monitor.list_finished(0.0, math.inf, 10)
    since, until = every[-1].ended_at, every[0].ended_at + 0.01

    def number(where: RecordFilter, parts: int = 1, most: int = 10) -> list[int]:
        return monitor.count_failed(since, until, parts, most, where)

    slow = between(NumberField.RUN_SECONDS, low=0.4)
    assert number(slow) == [1]
    assert number(Not(slow)) == [3]
    assert number(RestsIn(frozenset({S.FAILED}))) == [4]
    assert number(RestsIn(frozenset({S.SUCCESS}))) == [0]
    assert number(Not(slow), most=2)[0] <= 2
    # One before the slow one, which took most of the time, and two behind it.
    assert number(Not(slow), parts=2) == [1, 2]
    assert monitor.count_failed(until + 1.0, until + 2.0, 2, 5, slow) == [0, 0]


def test_what_is_owned_is_listed(world: World) -> None:
    populate(world)
    monitor = world.monitor
    assert set(names(monitor.list_owned(10))) == {"holder", "paused", "running"}
    assert len(monitor.list_owned(2)) == 2
    assert names(monitor.list_owned(10, "bob")) == ["running"]
    assert monitor.list_owned(10, "nobody") == []


def test_what_waits_longest_is_next_or_overdue(world: World) -> None:
    monitor = world.monitor
    assert monitor.find_longest_waiting() is None
    world.submit("delayed", delay_seconds=5.0)
    assert monitor.find_longest_waiting() is None
    world.pass_time(3.0)
    world.submit("first")
    world.submit("second")
    waiting = monitor.find_longest_waiting()
    assert names([waiting]) == ["first"]
    world.claim(ids=ids("first"))
    world.claim(ids=ids("second"))
    world.pass_time(3.0)
    waiting = monitor.find_longest_waiting()
    assert names([waiting]) == ["delayed"]


def test_runners_that_live_come_before_those_that_stopped(world: World) -> None:
    carol = replace(ALICE, runner_id=RunnerId("carol"), parent_id=RunnerId("alice"))
    for identity in (ALICE, BOB, carol):
        world.orchestrator.beat(Beat(alive=(identity,)))
    world.orchestrator.beat(Beat(alive=(ALICE,), stopped=((RunnerId("bob"), "lost"),)))
    monitor = world.monitor
    found = monitor.list_runners(10)
    assert [one.identity.runner_id for one in found] == ["carol", "alice", "bob"]
    assert monitor.list_runners(2) == found[:2]
    assert {one.identity.runner_id: one for one in found} == monitor.get_runners(
        ["carol", "alice", "bob", "x"]
    )
    assert found == sorted(world.orchestrator.list_runners(include_stopped=True), key=found.index)


def test_who_has_a_lease_is_told(world: World) -> None:
    monitor = world.monitor
    assert monitor.find_lease("sweep") is None
    for holder in (ALICE, BOB):
        world.orchestrator.beat(Beat(alive=(holder,), lease=LeaseRequest("sweep", holder.runner_id, 60.0)))
    found = monitor.find_lease("sweep")
    assert found is not None
    assert found.holder == "alice"
    assert found.until == pytest.approx(world.store.now() + 60.0, abs=5)
    assert monitor.find_lease("other") is None


def test_waits_are_told_from_both_ends(world: World) -> None:
    world.submit("one", "two", "a", "b")
    one, two = (world.claim(ids=ids(name)) for name in ("one", "two"))
    world.do(pause(one, "a", "b"), pause(two, "b"))

    def waits(name: str, limit: int = 10) -> tuple[list[str], list[str]]:
        found = world.monitor.list_waits(ids(name)[0], limit)
        return sorted(found.on), sorted(found.by)

    assert waits("one") == (["a", "b"], [])
    assert waits("b") == ([], ["one", "two"])
    assert (len(waits("one", 1)[0]), len(waits("b", 1)[1])) == (1, 1)
    world.do(finish(world.claim(ids=ids("b"))))
    assert waits("one") == (["a"], [])
    assert waits("b") == waits("two") == waits("nobody") == ([], [])


def test_every_change_changes_the_token(world: World) -> None:
    monitor = world.monitor
    seen = [monitor.change_token()]
    assert monitor.change_token() == seen[0]
    world.submit("it")
    seen.append(monitor.change_token())
    claim = world.claim()
    seen.append(monitor.change_token())
    world.do(finish(claim))
    seen.append(monitor.change_token())
    assert len(set(seen)) == 4


def test_what_was_taken_from_the_dead_is_counted(world: World) -> None:
    assert world.monitor.count_recovered() == {}
    world.submit("given up", "begun", "fresh")
    claims = world.claims(limit=3, ahead={"app.task": 0.5}, ahead_seconds=9, start_seconds=0.9)
    assert [claim.status for claim in claims] == [S.RUNNING, S.RUNNING, S.PENDING]
    last = by_system(world.record("given up"), S.FAILED, S.RUNNING_RECOVERY, outcome=ERROR, recoveries=1)
    taken = (recover(world.record("fresh"), counted=False), recover(world.record("begun")), last)
    world.do(*taken)
    expected = {S.PENDING_RECOVERY: 1, S.RUNNING_RECOVERY: 2}
    assert world.monitor.count_recovered() == expected
    # Who comes too late takes nothing.
    assert [answer.accepted for answer in world.advance(*taken).moves] == [False] * 3
    world.do(finish(world.claim(ids=ids("begun"))))
    world.orchestrator.delete(ids("given up", "begun"))
    assert world.monitor.count_recovered() == expected
    world.orchestrator.purge()
    assert world.monitor.count_recovered() == {}


def test_what_becomes_of_a_runner_changes_the_token(world: World) -> None:
    orchestrator, seen = world.orchestrator, [world.monitor.change_token()]
    begins, ends = Beat(alive=(ALICE,)), Beat(stopped=((ALICE.runner_id, "clean"),))
    for happens in (
        lambda: orchestrator.beat(begins),
        lambda: orchestrator.request_drain(ALICE.runner_id),
        lambda: orchestrator.beat(ends),
        lambda: orchestrator.beat(begins),
        lambda: orchestrator.beat(Beat(alive=(ALICE, BOB))),
    ):
        happens()
        seen.append(world.monitor.change_token())
    assert len(set(seen)) == 6


def test_reading_changes_nothing(world: World) -> None:
    populate(world)
    before = world.snapshot()
    monitor = world.monitor
    listed(world)
    monitor.get_payloads(ids("failed")[0], 10)
    monitor.list_finished(0.0, math.inf, 10)
    monitor.list_failed(0.0, math.inf, 10)
    monitor.sample_finished(0.0, 9e9, 3, 10, beyond=0)
    monitor.count_failed(0.0, 9e9, 3, 10)
    monitor.list_invocations(RecordQuery(where=between(NumberField.RUN_SECONDS, low=1.0)))
    monitor.list_owned(10)
    monitor.find_longest_waiting()
    monitor.find_by_suffix("ed", 10, 100)
    monitor.list_runners(10)
    monitor.find_cursor(1e9)
    monitor.list_waits(ids("paused")[0], 10)
    monitor.count_families(ids("failed"), 10)
    monitor.find_lease("sweeper")
    assert world.snapshot() == before
