"""What workflows record, how they sleep without an owner, and how messages reach them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from integration.clocks import in_threads
from integration.world import (
    BOB,
    RESULT,
    World,
    cancel,
    finish,
    hand_back,
    ids,
    message,
    pause,
    record,
    recover,
    release,
    retry,
    workflow,
)

from pynenc.values.ids import RunnerId
from pynenc.values.operations import InvocationQuery, MoveResult, Step
from pynenc.values.status import InvocationStatus as S
from pynenc.values.workflows import RecordedOperation

TEXTS = [
    "",
    "null",
    '{"a": "Ünïcödé ☃ 🐍"}',
    "'; DROP TABLE x; --",
    "line\nline\ttab\\",
    "$where *?[]{}",
    "x" * 100_000,
]


# -- recorded operations ------------------------------------------------------------------------------


def test_recording_changes_neither_status_nor_history(world: World) -> None:
    claim = world.run_workflow("flow")
    before = world.snapshot()
    world.do(record(claim, (1, "random", "0.5"), (2, "uuid", "u")))
    assert world.snapshot() == before
    assert world.operations("flow") == [(1, "random", "0.5"), (2, "uuid", "u")]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_recorded_comes_back_as_it_was(world: World, text: str) -> None:
    claim = world.run_workflow("flow")
    world.do(record(claim, (1, text[:50] or "empty", text), name=text))
    assert world.operations("flow") == [(1, text[:50] or "empty", text)]
    assert world.orchestrator.get_workflow_values("flow") == {"name": text}


def test_operations_are_read_in_pages_by_position(world: World) -> None:
    claim = world.run_workflow("flow")
    for seq in (11, 2, 100, 1, 10):
        world.do(record(claim, (seq, "step", str(seq))))
    pages = world.orchestrator.list_operations
    assert [one.seq for one in pages("flow", 0, 3)] == [1, 2, 10]
    assert [one.seq for one in pages("flow", 10, 3)] == [11, 100]
    assert pages("flow", 100, 3) == []
    assert pages("nobody", 0, 3) == []


def test_a_position_that_is_taken_stays_as_it_is(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(record(claim, (1, "random", "first")))
    world.do(record(claim, (1, "random", "second"), (2, "uuid", "u")))
    assert world.operations("flow") == [(1, "random", "first"), (2, "uuid", "u")]


def test_values_are_replaced_by_name(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(record(claim, a="1", b="2"))
    world.do(record(claim, b="3"))
    assert world.orchestrator.get_workflow_values("flow") == {"a": "1", "b": "3"}
    assert world.orchestrator.get_workflow_values("flow", ["b", "c"]) == {"b": "3"}
    assert world.orchestrator.get_workflow_values("other") == {}
    assert world.operations("flow") == []


def test_what_a_member_writes_belongs_to_its_workflow(world: World) -> None:
    flow = world.run_workflow("flow")
    member = world.run("member", BOB, workflow_id="flow", root_id=ids("flow")[0])
    world.do(record(flow, a="1"), record(member, b="2"))
    assert world.orchestrator.get_workflow_values("flow") == {"a": "1", "b": "2"}
    assert world.orchestrator.get_workflow_values("member") == {}


def test_an_invocation_of_no_workflow_records_nothing(world: World) -> None:
    claim = world.run("alone")
    world.do(record(claim, (1, "random", "1"), a="1"))
    assert world.operations("alone") == []
    assert world.orchestrator.get_workflow_values("alone") == {}


@pytest.mark.parametrize("how", ["hand back", "retry", "recover", "cancel", "finish"])
def test_a_stale_attempt_records_nothing(world: World, how: str) -> None:
    claim = world.run_workflow("flow")
    ends = {
        "hand back": hand_back(claim),
        "retry": retry(claim),
        "recover": recover(world.record("flow")),
        "cancel": cancel("flow"),
        "finish": finish(claim),
    }
    world.do(ends[how])
    if how in ("hand back", "retry", "recover"):
        world.claim(BOB, ids=ids("flow"))
    assert world.refused(record(claim, (1, "random", "zombie"), a="zombie")) is MoveResult.FENCED
    assert (
        world.answer(release(claim, 1.0, operations=(RecordedOperation(1, "sleep", "z"),))).result
        is MoveResult.FENCED
    )
    assert world.operations("flow") == []
    assert world.orchestrator.get_workflow_values("flow") == {}


def test_two_workflows_share_nothing(world: World) -> None:
    one, two = world.run_workflow("one"), world.run_workflow("two", BOB)
    world.do(record(one, (1, "random", "1"), a="1"), record(two, (1, "random", "2"), a="2"))
    assert (world.operations("one"), world.operations("two")) == ([(1, "random", "1")], [(1, "random", "2")])
    assert world.orchestrator.get_workflow_values("two") == {"a": "2"}


def test_a_record_and_the_end_of_the_attempt_are_one_write(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(replace(finish(claim), operations=(RecordedOperation(1, "last", "it"),)))
    assert (world.status("flow"), world.operations("flow")) == (S.SUCCESS, [(1, "last", "it")])


def test_what_is_recorded_is_seen_by_other_processes(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(record(claim, (1, "random", "0.5"), a="1"))
    other = world.another_process()
    assert other.operations("flow") == [(1, "random", "0.5")]
    assert other.orchestrator.get_workflow_values("flow") == {"a": "1"}


def test_a_workflow_may_begin_with_what_another_one_did(world: World) -> None:
    done = (RecordedOperation(1, "random", "0.5"), RecordedOperation(3, "uuid", "u"))
    world.submit(workflow("fork", operations=done))
    assert world.operations("fork") == [(1, "random", "0.5"), (3, "uuid", "u")]
    world.submit(workflow("fork", operations=(RecordedOperation(2, "late", ""),)))
    assert len(world.operations("fork")) == 2


# -- the pause that releases --------------------------------------------------------------------------


def test_a_released_pause_belongs_to_nobody_and_records_in_the_same_step(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(release(claim, 3600.0, operations=(RecordedOperation(1, "sleep", "3600"),)))
    record = world.record("flow")
    assert (record.status, record.token, record.ended_at) == (S.PAUSED, None, None)
    assert world.walk("flow") == [S.REGISTERED, S.PENDING, S.RUNNING, S.PAUSED]
    assert world.operations("flow") == [(1, "sleep", "3600")]
    assert world.claims() == []
    assert world.claims(ids=ids("flow")) == []
    assert world.orchestrator.find_orphans([_owner_of(world, "flow")], 10) == []
    assert world.orchestrator.find_available(None, 10) == []


def _owner_of(world: World, name: str) -> RunnerId:
    owner = world.record(name).runner_id
    assert owner is not None
    return owner


def test_when_it_is_due_a_claim_takes_it_by_way_of_resumed(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(release(claim, 0.2))
    due = world.advance(claim=world.claim_request()).next_due_seconds
    assert due is not None
    assert 0 < due < 0.21
    world.pass_time(0.25)
    assert world.orchestrator.find_available(None, 10) == list(ids("flow"))
    again = world.claim(BOB)
    assert (again.invocation_id, again.epoch, again.status) == ("flow", 2, S.RUNNING)
    assert (again.retries, again.recoveries, world.record("flow").reroutes) == (0, 0, 0)
    assert world.walk("flow") == [
        S.REGISTERED,
        S.PENDING,
        S.RUNNING,
        S.PAUSED,
        S.RESUMED,
        S.PENDING,
        S.RUNNING,
    ]
    world.do(finish(again))


def test_without_a_delay_only_a_message_ends_it(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(release(claim, awaits="go"))
    assert world.advance(claim=world.claim_request()).next_due_seconds is None
    assert world.send(message("flow", "go", "data")) == (True,)
    assert world.claim().invocation_id == "flow"
    assert world.orchestrator.list_messages("flow", "go", 0, 10) == ["data"]


def test_a_released_pause_holds_no_concurrency_place(world: World) -> None:
    limit: dict[str, Any] = {"cc_key": "k", "cc_limit": 1, "cc_park": True}
    claim = world.run_workflow("flow", **limit)
    world.submit("next", **limit)
    assert world.claims(BOB) == []  # it parks
    assert world.status("next") is S.CONCURRENCY_CONTROLLED
    answer = world.advance(release(claim, 0.2))
    assert answer.unparked == ids("next")
    following = world.claim(BOB)
    world.pass_time(0.25)
    assert world.claims() == []  # its place was taken meanwhile: it parks, whatever it was submitted with
    assert world.walk("flow")[-2:] == [S.RESUMED, S.CONCURRENCY_CONTROLLED]
    world.do(finish(following))
    assert world.claim().invocation_id == "flow"


def test_one_that_would_be_refused_at_first_is_parked_when_it_resumes(world: World) -> None:
    limit: dict[str, Any] = {"cc_key": "k", "cc_limit": 1, "cc_park": False}
    claim = world.run_workflow("flow", **limit)
    world.do(release(claim, 0.0))
    world.run("other", BOB, **limit)
    assert world.claims() == []
    assert world.status("flow") is S.CONCURRENCY_CONTROLLED


def test_a_released_pause_can_be_cancelled(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(release(claim, 0.2, awaits="go"))
    world.do(cancel("flow"))
    world.pass_time(0.25)
    assert world.status("flow") is S.CANCELLED
    assert world.claims() == []
    assert world.send(message("flow", "go")) == (False,)
    assert world.claims() == []


def test_the_same_release_a_second_time_is_answered_so(world: World) -> None:
    claim = world.run_workflow("flow")
    once = release(claim, 3600.0, operations=(RecordedOperation(1, "sleep", ""),))
    world.do(once)
    assert world.refused(once) is MoveResult.ALREADY


def test_whoever_waits_for_a_sleeping_workflow_goes_on_waiting(world: World) -> None:
    waiter = world.run("waiter")
    flow = world.run_workflow("flow", BOB)
    world.do(pause(waiter, "flow"), release(flow, 0.2))
    assert world.orchestrator.get_waits() == {ids("waiter")[0]: list(ids("flow"))}
    world.pass_time(0.25)
    again = world.claim(BOB, ids=ids("flow"))
    assert world.dependents("flow") == [1]
    world.do(finish(again))
    assert world.orchestrator.get_waits() == {}


def test_a_later_pause_awaits_something_else(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(release(claim, awaits="a"))
    world.send(message("flow", "a"))
    claim = world.claim()
    world.do(release(claim, awaits="b"))
    world.send(message("flow", "a"))
    assert world.claims() == []
    world.send(message("flow", "b"))
    claim = world.claim()
    world.do(release(claim, 3600.0))
    world.send(message("flow", "b"))
    assert world.claims() == []


# -- messages -----------------------------------------------------------------------------------------


def test_a_message_before_the_wait_is_not_lost(world: World) -> None:
    claim = world.run_workflow("flow")
    world.send(message("flow", "go", "early"))
    answer = world.advance(release(claim, awaits="go", received=0))
    assert answer.unparked == ids("flow")
    assert world.claim().invocation_id == "flow"


def test_messages_that_were_received_wake_nobody(world: World) -> None:
    claim = world.run_workflow("flow")
    world.send(message("flow", "go", "1"), message("flow", "go", "2"), message("flow", "other", "3"))
    world.do(release(claim, awaits="go", received=2))
    assert world.claims() == []
    world.send(message("flow", "go", "4"))
    assert world.claim().invocation_id == "flow"


def test_messages_come_by_name_in_the_order_of_arrival(world: World) -> None:
    world.submit(workflow("flow"), workflow("flow-2"))
    world.send(message("flow", "a", "1"), message("flow", "b", "2"), message("flow-2", "a", "other"))
    world.send(message("flow", "a", "3"))
    world.send(message("flow", "a", "4"))
    listed = world.orchestrator.list_messages
    assert listed("flow", "a", 0, 10) == ["1", "3", "4"]
    assert listed("flow", "a", 1, 1) == ["3"]
    assert listed("flow", "b", 0, 10) == ["2"]
    assert listed("flow", "c", 0, 10) == []


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_messages_come_as_they_were_sent(world: World, text: str) -> None:
    world.submit(workflow("flow"))
    world.send(message("flow", text[:50], text))
    assert world.orchestrator.list_messages("flow", text[:50], 0, 10) == [text]


def test_a_message_arrives_once(world: World) -> None:
    world.submit(workflow("flow"))
    for _ in range(2):
        assert world.send(message("flow", "go", "data", message_id="m1")) == (True,)
    assert world.orchestrator.list_messages("flow", "go", 0, 10) == ["data"]


def test_only_a_workflow_that_is_not_final_is_told(world: World) -> None:
    world.submit("plain", workflow("flow"))
    done = world.run_workflow("done")
    world.do(finish(done))
    sent = world.send(
        message("plain", "x"), message("nobody", "x"), message("done", "x"), message("flow", "x")
    )
    assert sent == (False, False, False, True)


def test_messages_travel_with_the_moves_of_their_sender(world: World) -> None:
    world.submit(workflow("flow"))
    sender = world.run_workflow("sender", BOB)
    sent = Step(moves=(record(sender, (1, "send", "")),), messages=(message("flow", "go", "1"),))
    assert world.orchestrator.advance(sent).delivered == (True,)
    world.do(hand_back(sender))
    late = Step(moves=(record(sender, (2, "send", "")),), messages=(message("flow", "go", "2"),))
    assert world.orchestrator.advance(late).delivered == (False,)
    assert world.orchestrator.list_messages("flow", "go", 0, 10) == ["1"]


def test_a_message_wakes_within_its_own_step(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(release(claim, 3600.0, awaits="go"))
    step = Step(messages=(message("flow", "go"),), claim=world.claim_request())
    answer = world.orchestrator.advance(step)
    assert answer.unparked == ids("flow")
    assert [one.invocation_id for one in answer.claims] == ["flow"]


def test_a_message_wakes_a_waiting_worker(world: World) -> None:
    claim = world.run_workflow("flow")
    world.do(release(claim, awaits="go"))
    marker = world.store.work_marker()
    world.another_process().send(message("flow", "go"))
    assert world.store.wait_for_work(marker, 10.0)


def test_messages_and_pauses_race_and_none_is_lost(world: World) -> None:
    for number in range(20):
        name = f"flow-{number}"
        claim = world.run_workflow(name)
        in_threads(
            partial(world.do, release(claim, awaits="go")),
            partial(world.send, message(name, "go")),
        )
        assert world.claim(ids=ids(name)).invocation_id == name


# -- lists and removal --------------------------------------------------------------------------------


def test_workflows_are_listed_apart_from_their_members(world: World) -> None:
    world.submit("plain", workflow("one"), workflow("two", task_id="app.flow"))
    world.submit("member", workflow_id="one", parent_id=ids("one")[0])
    assert [one.invocation_id for one in world.all_records(workflows=True)] == ["two", "one"]
    assert [one.invocation_id for one in world.all_records(workflows=True, task_id="app.flow")] == ["two"]
    assert [one.invocation_id for one in world.all_records(workflows=True, oldest_first=True)] == [
        "one",
        "two",
    ]


def test_those_that_await_a_name_are_listed_until_they_are_final(world: World) -> None:
    claims = [world.run_workflow(name) for name in ("a", "b", "c")]
    for claim in claims:
        world.do(release(claim, awaits="go" if claim.invocation_id != "b" else "other"))

    def waiting(**fields: object) -> list[str]:
        query = InvocationQuery(awaits="go", **fields)  # type: ignore[arg-type]
        return [one.invocation_id for one in world.orchestrator.list_records(query)]

    assert waiting() == ["c", "a"]
    assert waiting(oldest_first=True) == ["a", "c"]
    assert waiting(after=ids("c")[0], limit=1) == ["a"]
    world.send(message("a", "go"))
    claim = world.claim()
    assert waiting() == ["c", "a"]  # still: it may have to look at what it was told, and wait on
    world.do(finish(claim))
    world.do(cancel("c"))
    assert waiting() == []


def test_nothing_of_a_workflow_expires_before_its_root(world: World) -> None:
    (caller,) = ids("caller")
    outer: dict[str, Any] = {"root_id": caller}
    top = world.run("caller")
    flow = world.run_workflow("flow", parent_id=caller, **outer)
    member = world.run("member", workflow_id="flow", parent_id=ids("flow")[0], **outer)
    sub = world.run_workflow("sub", parent_id=ids("flow")[0], **outer)
    deep = world.run("deep", workflow_id="flow", parent_id=ids("member")[0], **outer)
    world.do(*map(finish, (top, member, sub, deep)))
    world.pass_time(0.01)
    expired = world.orchestrator.find_expired
    assert expired(0.0, 10) == [caller]
    world.do(release(flow, 0.0))
    assert expired(0.0, 10) == [caller]
    world.do(finish(world.claim()))
    assert set(expired(0.0, 10)) == {caller, *ids("flow", "member", "sub", "deep")}


def test_with_a_workflow_goes_what_it_recorded(world: World) -> None:
    claim = world.run_workflow("flow")
    member = world.run("member", workflow_id="flow", parent_id=ids("flow")[0])
    world.send(message("flow", "go"))
    world.do(record(claim, (1, "random", "1"), a="1"), finish(member))
    world.orchestrator.delete(ids("member", "flow"))
    assert world.operations("flow") == [(1, "random", "1")]
    world.do(finish(claim, RESULT))
    world.orchestrator.delete(ids("flow"))
    assert world.operations("flow") == []
    assert world.orchestrator.get_workflow_values("flow") == {}
    assert world.orchestrator.list_messages("flow", "go", 0, 10) == []


def test_purge_leaves_nothing(world: World) -> None:
    claim = world.run_workflow("flow")
    world.send(message("flow", "go"))
    world.do(record(claim, (1, "random", "1"), a="1"))
    world.orchestrator.purge()
    assert world.operations("flow") == []
    assert world.orchestrator.get_workflow_values("flow") == {}
    assert world.orchestrator.list_messages("flow", "go", 0, 10) == []
