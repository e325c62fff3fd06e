"""What people are shown: bounded pages, nothing secret, nothing lost between pages, nothing written."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from integration.world import (
    ALICE,
    BOB,
    ERROR,
    RESULT,
    S,
    World,
    by_system,
    call,
    cancel,
    finish,
    hand_back,
    ids,
    pause,
    recover,
    release,
    retry,
    workflow,
)

from pynenc.contracts import PayloadKind
from pynenc.values.ids import RunnerId
from pynenc.values.monitor import RecordQuery, equal_parts
from pynenc.values.record_filter import (
    AllOf,
    AnyOf,
    Between,
    Like,
    Not,
    NumberField,
    RecordFilter,
    RestsIn,
    TextField,
)
from pynenc.values.records import InvocationRecord, Outcome, OutcomeKind
from pynenc.values.runners import Beat, LeaseRequest
from pynenc.values.status import InvocationStatus


def names(records: Any) -> list[str]:
    return [record.invocation_id for record in records]


def pages(world: World, query: RecordQuery) -> list[list[str]]:
    """Every page of a list."""
    found = []
    while True:
        page = world.monitor.list_invocations(query)
        assert len(page.records) <= query.limit
        found.append(names(page.records))
        if page.next is None:
            return found
        query = replace(query, cursor=page.next)


def listed(world: World, **fields: Any) -> list[str]:
    """A whole list, read in pages of two, each of which looks at few records."""
    query = RecordQuery(**{"limit": 2, "search_limit": 3, **fields})
    return [name for page in pages(world, query) for name in page]


def populate(world: World) -> None:
    """Invocations in every status that one can rest in, of two tasks."""
    world.submit("failed", "won", "lost", task_id="app.other")
    for name in ("failed", "won"):
        outcome = ERROR if name == "failed" else RESULT
        world.do(finish(world.claim(ids=ids(name)), outcome))
    world.do(cancel("lost"))
    world.submit("registered", "paused", "awaited", "running", "retried", "late", "parked one")
    world.submit("holder", "parked", cc_key="key", cc_limit=1, cc_park=True)
    world.claim(ids=ids("holder"))
    assert world.claims(ids=ids("parked")) == []
    world.do(pause(world.claim(ids=ids("paused")), "awaited"))
    world.claim(BOB, ids=ids("running"))
    world.do(retry(world.claim(ids=ids("retried"))))
    world.do(retry(world.claim(ids=ids("late")), 60.0))


ALL = [
    "parked",
    "holder",
    "parked one",
    "late",
    "retried",
    "running",
    "awaited",
    "paused",
    "registered",
    "lost",
    "won",
    "failed",
]


def test_a_list_is_in_order_of_submission_newest_first(world: World) -> None:
    populate(world)
    assert listed(world) == ALL
    assert listed(world, oldest_first=True) == ALL[::-1]


@pytest.mark.parametrize("search_limit", [3, 10_000])
@pytest.mark.parametrize(
    "statuses",
    [
        {S.FAILED},
        {S.FAILED, S.CANCELLED, S.CONCURRENCY_CONTROLLED_FINAL},
        {S.SUCCESS},
        {S.PAUSED},
        {S.RUNNING, S.PENDING},
        {S.RETRY},
        {S.REGISTERED, S.CONCURRENCY_CONTROLLED},
        {S.FAILED, S.RUNNING, S.REGISTERED},
        {S.KILLED},
    ],
    ids=lambda statuses: "+".join(sorted(statuses)),
)
@pytest.mark.parametrize("task_id", [None, "app.task", "app.other"])
def test_a_list_holds_what_rests_in_the_statuses(
    world: World, statuses: set[InvocationStatus], task_id: str | None, search_limit: int
) -> None:
    populate(world)
    records = {name: world.record(name) for name in ALL}
    expected = [
        name for name in ALL if records[name].status in statuses and task_id in (None, records[name].task_id)
    ]
    fields: dict[str, Any] = {"statuses": frozenset(statuses), "task_id": task_id}
    assert listed(world, search_limit=search_limit, **fields) == expected
    assert listed(world, search_limit=search_limit, oldest_first=True, **fields) == expected[::-1]


def test_what_is_rare_is_found_behind_many_others(world: World) -> None:
    world.submit("rare")
    world.do(finish(world.claim(ids=ids("rare")), ERROR))
    world.submit(*(f"other {n}" for n in range(30)))
    fields: dict[str, Any] = {"limit": 1, "statuses": frozenset({S.FAILED, S.SUCCESS})}
    assert listed(world, search_limit=100, **fields) == ["rare"]
    assert world.monitor.list_invocations(RecordQuery(search_limit=30, **fields)).records == ()


def test_what_was_handed_back_is_found(world: World) -> None:
    world.submit("back", "other")
    world.do(hand_back(world.claim(ids=ids("back"))))
    assert listed(world, where=between(NumberField.REROUTES, low=1)) == ["back"]
    assert listed(world, where=between(NumberField.REROUTES, high=0)) == ["other"]


def test_a_list_of_a_task_holds_no_other(world: World) -> None:
    populate(world)
    assert listed(world, task_id="app.other") == ["lost", "won", "failed"]
    assert listed(world, task_id="app.unknown") == []


def like(field: TextField, *pieces: str) -> Like:
    return Like(field, pieces)


def between(field: NumberField, low: float | None = None, high: float | None = None) -> Between:
    return Between(field, low, high)


T, N = TextField, NumberField
#: What has to hold, and of which invocations of ``populate_for_conditions`` it does, newest first.
CONDITIONS: dict[str, tuple[RecordFilter, list[str]]] = {
    "is exactly": (like(T.TASK_ID, "app.task"), ["child", "plain"]),
    "begins": (like(T.TASK_ID, "app.t", ""), ["child", "flow", "plain"]),
    "ends": (like(T.TASK_ID, "", ".task"), ["child", "plain"]),
    "contains": (like(T.ARGS_PREVIEW, "", "=1", ""), ["special", "plain"]),
    "is any": (like(T.ARGS_PREVIEW, "", ""), ["special", "plain"]),
    "upper case": (like(T.TASK_ID, "APP.task"), []),
    "special characters": (like(T.ARGS_PREVIEW, "[a?] ", "\\.% _"), ["special"]),
    "no character is special": (like(T.ARGS_PREVIEW, "", "?=", ""), []),
    "an id": (like(T.INVOCATION_ID, "pl", "n"), ["plain"]),
    "a root": (like(T.ROOT_ID, "plain"), ["child", "plain"]),
    "a parent": (like(T.PARENT_ID, "pl", ""), ["child"]),
    "a workflow": (like(T.WORKFLOW_TYPE, "app.flow"), ["flow"]),
    "a trigger": (like(T.TRIGGER_ID, "", "nightly", ""), ["child"]),
    "a repetition": (like(T.RERUN_OF, "", ""), ["child"]),
    "a runner": (like(T.RUNNER_ID, "bob"), ["flow"]),
    "a host": (like(T.HOST, "", "alice"), ["special", "plain"]),
    "a result": (like(T.PREVIEW, "it"), ["plain"]),
    "an error": (like(T.ERROR_TYPE, "", "ValueError"), ["flow"]),
    "its message": (like(T.ERROR_MSG, "", "no", ""), ["flow"]),
    "a kind of failure": (like(T.FINGERPRINT, "f" * 16), ["flow"]),
    "no retry": (between(N.RETRIES, high=0), ["child", "flow", "plain"]),
    "retries": (between(N.RETRIES, low=1), ["special"]),
    "no recovery": (between(N.RECOVERIES, 0, 0), ["special", "child", "flow", "plain"]),
    "ended": (between(N.ENDED_AT), ["flow", "plain"]),
    "waited long": (between(N.WAIT_SECONDS, low=1.5), ["flow"]),
    "waited briefly": (between(N.WAIT_SECONDS, high=1.5), ["special", "plain"]),
    "ran long": (between(N.RUN_SECONDS, low=2.5), ["plain"]),
    "ran": (between(N.RUN_SECONDS, 0.5, 3.5), ["flow", "plain"]),
    "statuses": (RestsIn(frozenset({S.FAILED, S.RETRY})), ["special", "flow"]),
    "no status": (RestsIn(frozenset()), []),
    "not": (Not(like(T.ERROR_TYPE, "", "ValueError")), ["special", "child", "plain"]),
    "not what is not there": (Not(between(N.RUN_SECONDS, low=9.0)), ["special", "child", "flow", "plain"]),
    "all": (AllOf((like(T.TASK_ID, "app.task"), between(N.ENDED_AT))), ["plain"]),
    "any": (AnyOf((like(T.TASK_ID, "app.task"), between(N.RETRIES, low=1))), ["special", "child", "plain"]),
    "any, each by a text": (
        AnyOf(
            (
                AllOf((like(T.TASK_ID, "app.task"), between(N.RUN_SECONDS, low=2.5))),
                AllOf((like(T.TASK_ID, "other"), between(N.RETRIES, high=0))),
                AllOf((like(T.TASK_ID, "app.two"), like(T.RUNNER_ID, "bob"), between(N.ENDED_AT))),
            )
        ),
        ["flow", "plain"],
    ),
    "all of nothing": (AllOf(()), ["special", "child", "flow", "plain"]),
    "any of nothing": (AnyOf(()), []),
    "neither": (Not(AnyOf((like(T.PARENT_ID, "", ""), between(N.ENDED_AT)))), ["special"]),
}


def populate_for_conditions(world: World) -> None:
    """Four invocations that differ in everything that can be asked for."""
    world.submit(call("plain", args_preview="n=1"))
    world.submit(workflow("flow", task_id="app.two"))
    world.submit(
        call(
            "child", root_id=ids("plain")[0], parent_id=ids("plain")[0], trigger_id="t#nightly", rerun_of="x"
        )
    )
    world.submit(call("special", task_id="other", args_preview="[a?] x=1*[b] \\.% _"))
    world.pass_time(1.0)
    plain, special = world.claim(ids=ids("plain")), world.claim(ids=ids("special"))
    world.do(retry(special))
    world.pass_time(1.0)
    flow = world.claim(BOB, ids=ids("flow"))
    world.pass_time(1.0)
    world.do(finish(flow, ERROR))
    world.pass_time(1.0)
    world.do(finish(plain))


def test_conditions_hold_for_what_they_say(world: World) -> None:
    populate_for_conditions(world)
    expected = {name: found for name, (_, found) in CONDITIONS.items()}
    assert {name: listed(world, where=condition) for name, (condition, _) in CONDITIONS.items()} == expected
    slowly: dict[str, Any] = {"oldest_first": True, "search_limit": 1}
    assert {
        name: listed(world, where=condition, **slowly)[::-1] for name, (condition, _) in CONDITIONS.items()
    } == expected
    named = ids("special", "child", "flow", "plain", "unknown")
    assert {
        name: world.monitor.find_matching(named, condition) for name, (condition, _) in CONDITIONS.items()
    } == {name: set(ids(*found)) for name, found in expected.items()}
    one = CONDITIONS["all of nothing"][0]
    assert world.monitor.find_matching(named[:1], one) == set(named[:1])
    assert world.monitor.find_matching([], one) == set()


def test_instants_are_those_of_the_record(world: World) -> None:
    populate_for_conditions(world)
    record = world.record("plain")
    for field in (N.CREATED_AT, N.AVAILABLE_AT, N.STARTED_AT, N.ENDED_AT):
        at = getattr(record, field.value)
        assert "plain" in listed(world, where=Between(field, at, at)), field
        assert "plain" not in listed(world, where=Between(field, low=math.nextafter(at, math.inf))), field
        assert "plain" not in listed(world, where=Between(field, high=math.nextafter(at, 0.0))), field


def test_a_condition_narrows_every_list(world: World) -> None:
    populate_for_conditions(world)
    some = like(T.TASK_ID, "", "t", "")
    never = like(T.TASK_ID, "never")
    lists: dict[str, dict[str, Any]] = {
        "failed": {"statuses": frozenset({S.FAILED})},
        "succeeded": {"statuses": frozenset({S.SUCCESS})},
        "retried": {"statuses": frozenset({S.RETRY})},
        "of a task": {"task_id": "app.task"},
        "of a task in a status": {"task_id": "app.two", "statuses": frozenset({S.FAILED, S.SUCCESS})},
        "family": {"root_id": ids("plain")[0]},
        "workflows": {"workflows": True},
    }
    for name, fields in lists.items():
        whole = listed(world, **fields)
        assert whole
        assert listed(world, where=some, **fields) == whole, name
        assert listed(world, where=Not(never), search_limit=1, **fields) == whole, name
        for nothing in (never, AnyOf(()), RestsIn(frozenset()), Not(AllOf(()))):
            assert listed(world, where=nothing, **fields) == [], name


def test_a_search_for_what_never_holds_is_cut_off(world: World) -> None:
    world.submit(*(f"n{n}" for n in range(10)))
    for fields in ({}, {"task_id": "app.task"}, {"statuses": frozenset({S.REGISTERED, S.SUCCESS})}):
        query = RecordQuery(where=like(T.TASK_ID, "never"), limit=5, search_limit=4, **fields)
        assert pages(world, query) == [[], [], []]


def test_a_released_workflow_is_found_as_paused(world: World) -> None:
    world.do(release(world.run_workflow("sleeping"), 60.0))
    world.do(release(world.run_workflow("awaiting"), None, "news"))
    assert listed(world, statuses=frozenset({S.PAUSED})) == ["awaiting", "sleeping"]


def test_a_list_of_workflows_holds_no_other(world: World) -> None:
    world.submit("plain", workflow("one"), workflow("two"))
    world.submit(call("child", root_id=ids("one")[0], parent_id=ids("one")[0], workflow_id="one", depth=1))
    assert listed(world, workflows=True) == ["two", "one"]
    assert listed(world, workflows=True, statuses=frozenset({S.RUNNING})) == []


def test_a_family_is_the_root_and_its_descendants(world: World) -> None:
    world.submit("root", "other")
    root = ids("root")[0]
    world.submit("child", "twin", root_id=root, parent_id=root, depth=1)
    world.submit("grandchild", root_id=root, parent_id=ids("child")[0], depth=2)
    assert listed(world, root_id=root, oldest_first=True) == ["root", "child", "twin", "grandchild"]
    assert listed(world, root_id=root) == ["grandchild", "twin", "child", "root"]
    world.do(finish(world.claim(ids=ids("twin")), ERROR))
    assert listed(world, root_id=root, statuses=frozenset({S.FAILED})) == ["twin"]
    assert listed(world, root_id=ids("other")[0]) == ["other"]


def test_the_first_descendants_of_each_family_are_counted(world: World) -> None:
    world.submit("root", "other", "alone")
    root, other, alone = (ids(name)[0] for name in ("root", "other", "alone"))
    world.submit("a", "b", root_id=root, parent_id=root, depth=1)
    world.submit("c", root_id=root, parent_id=ids("a")[0], depth=2)
    world.submit("d", root_id=other, parent_id=other, depth=1)
    world.do(finish(world.claim(ids=ids("a"))), finish(world.claim(ids=ids("d")), ERROR))
    monitor = world.monitor
    assert monitor.count_families([root, alone, other, ids("nobody")[0]], 10) == {
        root: {S.SUCCESS: 1, S.REGISTERED: 2},
        other: {S.FAILED: 1},
    }
    assert monitor.count_families([root], 2) == {root: {S.SUCCESS: 1, S.REGISTERED: 1}}
    assert monitor.count_families([], 2) == {}


def test_a_list_begins_before_an_instant(world: World) -> None:
    monitor = world.monitor
    assert monitor.find_cursor(0.0) == monitor.find_cursor(9e9) == ""
    instants = []
    for n in range(6):
        world.submit(f"{n} a", f"{n} b")
        world.pass_time(0.01)
        instants.append(world.store.now())
    # Places that are empty are passed over.
    world.do(*(finish(world.claim(ids=ids(name))) for name in ("1 b", "2 a", "5 b")))
    world.orchestrator.delete(ids("1 b", "2 a", "5 b"))
    everything = ["5 a", "4 b", "4 a", "3 b", "3 a", "2 b", "1 a", "0 b", "0 a"]
    for at, instant in enumerate(instants[:-1]):
        cursor = monitor.find_cursor(instant)
        assert listed(world, cursor=cursor) == [name for name in everything if int(name[0]) <= at]
        assert listed(world, cursor=cursor, task_id="app.other") == []
    assert monitor.find_cursor(instants[-1]) == ""
    beginning = monitor.find_cursor(instants[0] - 3600)
    assert beginning
    assert listed(world, cursor=beginning) == []


def test_pages_neither_repeat_nor_lose_when_things_change_between_them(world: World) -> None:
    world.submit(*(f"n{n}" for n in range(10)))
    query = RecordQuery(limit=4)
    first = world.monitor.list_invocations(query)
    world.submit("newer")
    world.do(finish(world.claim(ids=ids("n3")), ERROR), cancel("n6"))
    rest = pages(world, replace(query, cursor=first.next or ""))
    assert names(first.records) + [name for page in rest for name in page] == [
        f"n{n}" for n in reversed(range(10))
    ]


def test_a_search_in_vain_is_cut_off_and_goes_on(world: World) -> None:
    world.submit(*(f"n{n}" for n in range(10)))
    found = pages(world, RecordQuery(statuses=frozenset({S.SUCCESS}), limit=5, search_limit=4))
    assert found == [[], [], []]


@pytest.mark.parametrize("cursor", ["x", "-1", "1;", "\uff11", "9" * 40 + "x"])
def test_a_cursor_that_nobody_gave_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(ValueError, match="position"):
        world.monitor.list_invocations(RecordQuery(cursor=cursor))


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
    assert listed(world, rerun_of=failed, where=like(T.INVOCATION_ID, "again")) == ["again"]
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
    assert monitor.sample_finished(since, until, 3, 10) == inside
    assert monitor.sample_finished(since, until, 3, 1) == [part[:1] for part in inside]
    assert monitor.count_ended(since, until, 3, 10) == [len(part) for part in inside]
    assert monitor.count_ended(since, until, 1, 10) == [6]
    assert monitor.count_ended(since, until, 1, 4) == [4]
    assert monitor.count_ended(since, until, 3, 10, failed=True) == [
        len(monitor.list_failed(*edges, 10)) for edges in parts
    ]
    assert monitor.count_ended(since, until, 1, 10, failed=True) == [3]
    assert monitor.sample_finished(until + 1.0, until + 2.0, 2, 5) == [[], []]
    assert monitor.count_ended(until + 1.0, until + 2.0, 2, 5) == [0, 0]


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
    monitor.sample_finished(0.0, 9e9, 3, 10)
    monitor.count_ended(0.0, 9e9, 3, 10)
    monitor.list_invocations(RecordQuery(where=between(N.RUN_SECONDS, low=1.0)))
    monitor.list_owned(10)
    monitor.find_longest_waiting()
    monitor.find_by_suffix("ed", 10, 100)
    monitor.list_runners(10)
    monitor.find_cursor(1e9)
    monitor.list_waits(ids("paused")[0], 10)
    monitor.count_families(ids("failed"), 10)
    monitor.find_lease("sweeper")
    assert world.snapshot() == before
