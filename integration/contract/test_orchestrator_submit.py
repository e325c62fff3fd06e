"""What a call becomes when it is registered."""

from __future__ import annotations

import pytest
from integration.clocks import in_threads
from integration.world import ALICE, World, call, cancel, finish, ids, retry

from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynenc.values.status import InvocationStatus as S


def test_a_call_becomes_registered_with_its_first_history_entry(world: World) -> None:
    world.submit(call("one", registered_by="parent's runner"))
    record, (entry,) = world.record("one"), world.history("one")
    assert (record.status, record.seq, record.epoch, record.token, record.runner_id) == (
        S.REGISTERED,
        1,
        0,
        None,
        None,
    )
    assert (entry.seq, entry.status, entry.runner_id) == (1, S.REGISTERED, "parent's runner")
    assert entry.at == record.status_at == record.created_at == record.available_at
    assert record.created_at == pytest.approx(world.store.now(), abs=5)


def test_everything_about_a_call_is_kept(world: World) -> None:
    given = NewInvocation(
        invocation_id=InvocationId("child"),
        task_id="shop.orders.bill",
        args_id="0" * 64,
        parent_id=InvocationId("parent"),
        root_id=InvocationId("root"),
        depth=2,
        workflow_id="flow",
        workflow_type="shop.orders.flow",
        reg_key="reg",
        cc_key="cc",
        cc_limit=3,
        cc_park=True,
        priority=-7,
        queue="slow",
        delay_seconds=2.5,
        arguments='{"name": "Ünïcödé \\u0000 \'; --"}',
        args_preview="name='…'",
        args_bytes=34,
        rerun_of=InvocationId("before"),
        trigger_id="trigger",
    )
    world.submit(given)
    record = world.record("child")
    for field in NewInvocation.__annotations__:
        if field not in ("delay_seconds", "registered_by", "operations"):
            assert getattr(record, field) == getattr(given, field), field
    assert record.available_at == pytest.approx(record.created_at + 2.5, abs=1e-3)


def test_a_call_that_was_appended_is_as_if_it_had_been_submitted(world: World) -> None:
    names = [f"call-{number}" for number in range(30)]
    for name in names:
        if not world.orchestrator.append(call(name)):
            assert world.submit(name) == ids(name)
    assert world.orchestrator.count_by_status() == {S.REGISTERED: 30}
    first, last = world.record(names[0]), world.record(names[-1])
    assert (last.args_id, last.seq, last.status) == ("a-call-29", 1, S.REGISTERED)
    assert first.created_at <= last.created_at <= world.store.now()
    (again,) = world.orchestrator.submit([call(names[-1])], {}, enqueue=True)
    assert not again.created
    assert [world.claim().invocation_id for _ in names] == list(ids(*names))


def test_appending_a_call_with_options_keeps_them_or_does_nothing(world: World) -> None:
    world.submit(*(f"call-{number}" for number in range(20)))
    urgent = call("urgent", priority=3)
    if not world.orchestrator.append(urgent):
        assert not world.orchestrator.get_states(ids("urgent"))
        world.submit(urgent)
    assert world.claim().invocation_id == "urgent"


def test_a_batch_that_was_begun_is_registered_once_its_answer_is_there(world: World) -> None:
    world.submit("two")
    batch = [call(name) for name in ("one", "two", "three")]
    answer = world.orchestrator.begin_submit(batch, {}, enqueue=True)
    world.submit("meanwhile")
    assert [(one.invocation_id, one.created) for one in answer()] == [
        ("one", True),
        ("two", False),
        ("three", True),
    ]
    assert {world.record(name).status for name in ("one", "two", "three", "meanwhile")} == {S.REGISTERED}


def test_answers_come_in_the_order_of_the_batch(world: World) -> None:
    names = [f"n{number}" for number in range(100)]
    answers = world.orchestrator.submit([call(name) for name in names], {}, enqueue=True)
    assert [(answer.invocation_id, answer.created, answer.args_id) for answer in answers] == [
        (name, True, "a-" + name) for name in names
    ]


def test_an_empty_batch_does_nothing(world: World) -> None:
    assert world.orchestrator.submit([], {}, enqueue=True) == []


def test_an_id_that_exists_is_left_as_it_is(world: World) -> None:
    world.submit(call("one", arguments="first"))
    before = world.snapshot()
    (answer,) = world.orchestrator.submit(
        [call("one", arguments="second", args_id="other", task_id="app.other")], {}, enqueue=True
    )
    assert (answer.invocation_id, answer.created) == ("one", False)
    assert (answer.args_id, answer.arguments) == ("a-one", "first")
    assert world.snapshot() == before


def test_a_finished_id_is_not_run_again(world: World) -> None:
    world.do(finish(world.run("one")))
    world.submit("one")
    assert world.claims() == []
    assert world.status("one") is S.SUCCESS


def test_an_id_twice_in_one_batch_is_registered_once(world: World) -> None:
    answers = world.orchestrator.submit([call("one"), call("one")], {}, enqueue=True)
    assert [answer.created for answer in answers] == [True, False]
    assert world.walk("one") == [S.REGISTERED]
    assert [claim.invocation_id for claim in world.claims()] == ["one"]
    assert world.claims() == []


def test_a_waiting_call_of_the_same_key_stands_for_the_new_one(world: World) -> None:
    world.submit(call("one", reg_key="k", arguments="kept"))
    (answer,) = world.orchestrator.submit([call("two", reg_key="k", arguments="new")], {}, enqueue=True)
    assert (answer.invocation_id, answer.created) == ("one", False)
    assert (answer.args_id, answer.arguments) == ("a-one", "kept")
    assert world.orchestrator.get_states(ids("two")) == {}


def test_calls_of_one_batch_are_merged_too(world: World) -> None:
    assert world.submit("one", "two", "three", reg_key="k") == ids("one", "one", "one")


def test_other_keys_are_not_merged(world: World) -> None:
    assert world.submit(call("one", reg_key="k"), call("two", reg_key="l"), call("three")) == ids(
        "one", "two", "three"
    )


def test_a_claimed_call_stands_for_nobody(world: World) -> None:
    world.run("one", reg_key="k")
    assert world.submit("two", reg_key="k") == ids("two")


def test_a_call_that_was_ever_claimed_stands_for_nobody(world: World) -> None:
    world.do(retry(world.run("one", reg_key="k")))
    assert world.status("one") is S.RETRY
    assert world.submit("two", reg_key="k") == ids("two")
    assert world.submit("three", reg_key="k") == ids("two")


def test_a_cancelled_call_stands_for_nobody(world: World) -> None:
    world.submit("one", reg_key="k")
    world.do(cancel("one"))
    assert world.submit("two", reg_key="k") == ids("two")


def test_a_delayed_call_stands_for_others_as_well(world: World) -> None:
    world.submit("one", reg_key="k", delay_seconds=60)
    assert world.submit("two", reg_key="k") == ids("one")


def test_the_same_id_is_found_before_the_same_key(world: World) -> None:
    world.run("one", reg_key="k")
    world.submit("two", reg_key="k")
    assert world.submit("one", reg_key="k") == ids("one")


def test_threads_that_register_one_key_get_one_invocation(world: World) -> None:
    answers: list[InvocationId] = []

    def register(name: str) -> None:
        answers.extend(world.submit(*(f"{name}-{number}" for number in range(10)), reg_key="k"))

    in_threads(*(lambda name=f"t{n}": register(name) for n in range(8)))
    assert len(answers) == 80
    assert len(set(answers)) == 1
    assert sum(world.orchestrator.count_by_status().values()) == 1


def test_a_delayed_call_becomes_claimable_at_its_time(world: World) -> None:
    world.submit("later", delay_seconds=0.5)
    assert world.claims() == []
    assert world.claims(ids=ids("later")) == []
    world.pass_time(0.5)
    assert world.claim().invocation_id == "later"


def test_a_delayed_call_keeps_its_place(world: World) -> None:
    world.submit("first", delay_seconds=0.2)
    world.submit("second")
    world.pass_time(0.2)
    assert world.claim().invocation_id == "first"


def test_without_a_queue_of_its_own_a_record_is_claimable_by_id(world: World) -> None:
    world.orchestrator.submit([call("one")], {}, enqueue=False)
    assert world.orchestrator.find_available(None, 10) == ["one"]
    assert world.claim(ALICE, ids=ids("one")).invocation_id == "one"


def test_large_values_are_written_with_the_calls(world: World) -> None:
    if not world.data_travels:
        pytest.skip("the client data store has a store of its own: the engine writes there first")
    world.client_data_store.put({"h1": "old"})
    world.orchestrator.submit([call("one")], {"h1": "ignored", "h2": "new"}, enqueue=True)
    assert world.client_data_store.get(["h1", "h2", "h3"]) == {"h1": "old", "h2": "new"}


def test_large_values_are_written_without_any_call(world: World) -> None:
    if not world.data_travels:
        pytest.skip("the client data store has a store of its own: the engine writes there first")
    for number in range(1, 3):
        values = {f"{number} {place}": "text" for place in range(number)}
        assert world.orchestrator.submit([], values, enqueue=True) == []
        assert world.client_data_store.get(list(values)) == values
    assert world.claims() == []


def test_a_big_batch_is_registered_as_a_whole(world: World) -> None:
    names = [f"n{number}" for number in range(2000)]
    assert list(world.submit(*names)) == names
    assert world.orchestrator.count_by_status() == {S.REGISTERED: 2000}
    assert world.orchestrator.find_available(None, 5000) == names


def test_another_process_sees_what_was_registered(world: World) -> None:
    world.submit("one", arguments="{}")
    other = world.another_process()
    assert other.record("one") == world.record("one")
    assert other.submit("one") == ids("one")
    other.close()
