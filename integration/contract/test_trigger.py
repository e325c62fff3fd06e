"""What triggers keep between two moments."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from integration.clocks import DEADLINE_SECONDS, in_threads
from integration.world import World

from pynenc.contracts import BaseTrigger
from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus as S
from pynenc.values.triggers import Occurrence, OccurrenceKind, PairRequest, TriggerRun


@pytest.fixture
def trigger(world: World) -> BaseTrigger:
    return world.trigger


def event(name: str, **fields: object) -> Occurrence:
    return Occurrence(occurrence_id=name, kind=OccurrenceKind.EVENT, source="code", **fields)  # type: ignore[arg-type]


def take(trigger: BaseTrigger, *trigger_ids: str, limit: int = 100, lease_seconds: float = 60.0) -> list[str]:
    return [each.occurrence_id for each in trigger.take_occurrences(limit, lease_seconds, trigger_ids)]


def settle(trigger: BaseTrigger, *names: str) -> None:
    trigger.settle([event(name) for name in names], [])


# -- values -------------------------------------------------------------------------------------------


def test_values_are_kept_by_scope_and_name(trigger: BaseTrigger) -> None:
    trigger.set_values("a", {"x": "1", "y": "2"})
    trigger.set_values("b", {"x": "3"})
    trigger.set_values("a", {"x": "4", "y": None, "never": None})
    assert trigger.get_values(["a", "b", "c"]) == {"a": {"x": "4"}, "b": {"x": "3"}, "c": {}}


# -- occurrences --------------------------------------------------------------------------------------


def test_an_occurrence_comes_back_as_it_was_recorded(world: World, trigger: BaseTrigger) -> None:
    recorded = event("e", payload='{"größe": "\\n🎈"}', invocation_id=InvocationId("i"))
    trigger.put_occurrences([recorded])
    (found,) = trigger.take_occurrences(10, 60.0, [])
    assert replace(found, at=0.0) == recorded
    assert found.at == pytest.approx(world.parts.trigger.store.now(), abs=5)
    status = Occurrence(
        occurrence_id="i:3",
        kind=OccurrenceKind.STATUS,
        source="app.task",
        invocation_id=InvocationId("i"),
        status=S.FAILED,
        trigger_id="t",
    )
    trigger.put_occurrences([status])
    assert [replace(each, at=0.0) for each in trigger.take_occurrences(10, 60.0, ["t"])] == [status]


def test_the_first_recorded_is_taken_first(trigger: BaseTrigger) -> None:
    names = [f"{9 - number}" for number in range(9)]
    for name in names:
        trigger.put_occurrences([event(name)])
    assert take(trigger, limit=4) + take(trigger) == names


def test_recording_twice_is_recording_once(trigger: BaseTrigger) -> None:
    trigger.put_occurrences([event("e", payload="first"), event("e", payload="second")])
    trigger.put_occurrences([event("e", payload="third")])
    assert [each.payload for each in trigger.take_occurrences(10, 60.0, [])] == ["first"]
    trigger.put_occurrences([event("e", payload="fourth")])
    assert take(trigger) == []


def test_a_settled_event_is_not_recorded_again(trigger: BaseTrigger) -> None:
    trigger.put_occurrences([event("e")])
    take(trigger)
    settle(trigger, "e")
    trigger.put_occurrences([event("e")])
    assert take(trigger) == []


def test_an_unsettled_occurrence_is_given_again(world: World, trigger: BaseTrigger) -> None:
    trigger.put_occurrences([event("a"), event("b")])
    assert take(trigger, lease_seconds=0.3) == ["a", "b"]
    settle(trigger, "b")
    assert take(trigger) == []
    world.pass_time(0.4)
    assert take(trigger) == ["a"]


def test_what_is_kept_for_a_trigger_is_given_to_those_who_ask_for_it(trigger: BaseTrigger) -> None:
    mine, other = event("e", trigger_id="mine"), event("e", trigger_id="other")
    trigger.put_occurrences([event("e"), mine, other])
    assert take(trigger) == ["e"]
    assert [each.trigger_id for each in trigger.take_occurrences(10, 60.0, ["mine", "third"])] == ["mine"]
    settle(trigger, "e")
    trigger.settle([mine], [])
    assert [each.trigger_id for each in trigger.take_occurrences(10, 60.0, ["mine", "other"])] == ["other"]


def test_each_occurrence_is_taken_by_one_of_many(trigger: BaseTrigger) -> None:
    names = [f"n{number}" for number in range(40)]
    trigger.put_occurrences([event(name) for name in names])
    taken: list[str] = []

    def react() -> None:
        while found := take(trigger, limit=3):
            taken.extend(found)

    in_threads(react, react, react, react)
    assert sorted(taken) == sorted(names)


@pytest.mark.parametrize("here", [True, False], ids=["this process", "another process"])
def test_recording_wakes_those_who_wait(world: World, here: bool) -> None:
    actor = world if here else world.another_process()
    store = world.parts.trigger.store
    store.now()
    marker = store.occurrence_marker()
    while store.wait_for_occurrences(marker, 0.1):
        marker = store.occurrence_marker()
    woken: list[bool] = []
    in_threads(
        lambda: woken.append(store.wait_for_occurrences(marker, DEADLINE_SECONDS)),
        lambda: actor.trigger.put_occurrences([event("e")]),
    )
    assert woken == [True]
    assert take(world.trigger) == ["e"]
    if not here:
        actor.close()


def test_events_are_listed_newest_first_settled_or_not(trigger: BaseTrigger) -> None:
    trigger.put_occurrences([event("a"), event("b"), event("b", trigger_id="t"), event("c")])
    settle(trigger, "a")
    trigger.settle([event("b", trigger_id="t")], [])
    assert [each.occurrence_id for each in trigger.list_events(10)] == ["c", "b", "a"]
    assert [each.occurrence_id for each in trigger.list_events(2)] == ["c", "b"]


def test_events_expire_settled_or_not(world: World, trigger: BaseTrigger) -> None:
    trigger.put_occurrences([event("settled"), event("open"), event("open", trigger_id="t")])
    settle(trigger, "settled")
    world.pass_time(0.4)
    trigger.put_occurrences([event("young")])
    trigger.delete_expired(0.3)
    assert [each.occurrence_id for each in trigger.list_events(10)] == ["young"]
    assert take(trigger, "t") == ["young"]


# -- combined conditions ------------------------------------------------------------------------------


def fill(
    slot: int, name: str, *, key: str = "", scope: str = "s", slots: int = 2, ttl: float = 1000.0
) -> PairRequest:
    return PairRequest(
        scope=scope, key=key, slot=slot, slots=slots, occurrence_id=name, data=f"<{name}>", ttl_seconds=ttl
    )


def pair(trigger: BaseTrigger, request: PairRequest) -> tuple[str, ...] | None:
    return trigger.pair([request])[0]


def test_a_run_is_complete_when_every_slot_is_filled_in_any_order(trigger: BaseTrigger) -> None:
    assert pair(trigger, fill(2, "c", slots=3)) is None
    assert pair(trigger, fill(0, "a", slots=3)) is None
    assert pair(trigger, fill(1, "b", slots=3)) == ("<a>", "<b>", "<c>")


def test_the_nth_of_each_slot_meet_and_each_is_used_once(trigger: BaseTrigger) -> None:
    assert [pair(trigger, fill(0, name)) for name in ("a1", "a2", "a3")] == [None] * 3
    assert pair(trigger, fill(1, "b1")) == ("<a1>", "<b1>")
    assert pair(trigger, fill(1, "b2")) == ("<a2>", "<b2>")
    assert pair(trigger, fill(1, "b3")) == ("<a3>", "<b3>")
    assert pair(trigger, fill(1, "b4")) is None


def test_only_equal_keys_and_scopes_meet(trigger: BaseTrigger) -> None:
    assert pair(trigger, fill(0, "a", key="x")) is None
    assert pair(trigger, fill(1, "b", key="y")) is None
    assert pair(trigger, fill(1, "b", key="x", scope="other")) is None
    assert pair(trigger, fill(1, "b", key="x")) == ("<a>", "<b>")


def test_the_same_request_is_answered_with_the_same_companions(trigger: BaseTrigger) -> None:
    assert pair(trigger, fill(0, "a1")) is None
    assert pair(trigger, fill(0, "a1")) is None
    assert pair(trigger, fill(1, "b1")) == ("<a1>", "<b1>")
    for _ in range(2):
        assert trigger.pair([fill(0, "a1"), fill(1, "b1")]) == [("<a1>", "<b1>")] * 2
    assert pair(trigger, fill(1, "b2")) is None


def test_requests_of_one_batch_meet(trigger: BaseTrigger) -> None:
    answers = trigger.pair([fill(0, "a1"), fill(1, "b1"), fill(0, "a2"), fill(1, "other", key="k")])
    assert answers == [("<a1>", "<b1>"), ("<a1>", "<b1>"), None, None]


def test_what_waits_for_too_long_is_not_used(world: World, trigger: BaseTrigger) -> None:
    assert pair(trigger, fill(0, "old", ttl=0.3)) is None
    world.pass_time(0.4)
    assert pair(trigger, fill(1, "b", ttl=0.3)) is None
    assert pair(trigger, fill(0, "young", ttl=0.3)) == ("<young>", "<b>")


def test_slots_expire(world: World, trigger: BaseTrigger) -> None:
    assert pair(trigger, fill(0, "a")) is None
    world.pass_time(0.3)
    trigger.delete_expired(0.2)
    assert pair(trigger, fill(1, "b")) is None


def test_what_waits_in_slots_is_listed_by_how_its_scope_begins(world: World, trigger: BaseTrigger) -> None:
    before = world.store.now()
    pair(trigger, fill(0, "a1", scope="one x"))
    pair(trigger, fill(1, "b1", scope="one x"))
    pair(trigger, fill(0, "a2", scope="one x"))
    pair(trigger, fill(1, "other", scope="one x", key="k"))
    pair(trigger, fill(0, "a3", scope="one y"))
    pair(trigger, fill(0, "a4", scope="oney x"))
    found = {(one.scope, one.key, one.slot, one.data): one.at for one in trigger.list_halves("one ", 10)}
    assert set(found) == {("one x", "", 0, "<a2>"), ("one x", "k", 1, "<other>"), ("one y", "", 0, "<a3>")}
    assert all(before - 1 <= at <= world.store.now() + 1 for at in found.values())
    assert len(trigger.list_halves("one ", 2)) == 2
    assert trigger.list_halves("on ", 10) == []
    world.pass_time(0.3)
    trigger.delete_expired(0.2)
    assert trigger.list_halves("", 10) == []


def test_those_who_fill_at_once_complete_each_run_once(world: World, trigger: BaseTrigger) -> None:
    complete: list[tuple[str, ...]] = []

    def fill_slot(slot: int) -> None:
        for number in range(20):
            found = pair(trigger, fill(slot, f"{slot}-{number}"))
            if found:
                complete.append(found)

    in_threads(lambda: fill_slot(0), lambda: fill_slot(1))
    assert sorted(complete) == sorted((f"<0-{number}>", f"<1-{number}>") for number in range(20))


# -- cursors ------------------------------------------------------------------------------------------


def test_cursors_are_created_once_and_never_go_back(trigger: BaseTrigger) -> None:
    assert trigger.get_cursors({"a": 10.25, "b": 20.0}) == {"a": 10.25, "b": 20.0}
    assert trigger.get_cursors({"a": 11.0}) == {"a": 10.25}
    trigger.advance_cursors({"a": 12.5, "b": 19.0, "unknown": 1.0})
    assert trigger.get_cursors({"a": 0.0, "b": 0.0, "unknown": 7.0}) == {"a": 12.5, "b": 20.0, "unknown": 7.0}


# -- runs ---------------------------------------------------------------------------------------------


def run(name: str, trigger_id: str = "t", **fields: object) -> TriggerRun:
    return TriggerRun(run_id=name, trigger_id=trigger_id, **fields)  # type: ignore[arg-type]


def test_a_run_comes_back_as_it_was_recorded(world: World, trigger: BaseTrigger) -> None:
    fired = run("r", occurrence_ids=("a", "b"), invocation_id=InvocationId("r"), chain=("s", "t"))
    failed = run("f", error="Traceback …\n  ValueError: größer")
    trigger.settle([], [fired, failed])
    found = trigger.list_runs("t", 10)
    assert [replace(each, at=0.0) for each in found] == [failed, fired]
    assert found[0].at == pytest.approx(world.parts.trigger.store.now(), abs=5)


def test_runs_are_listed_by_trigger_or_all(trigger: BaseTrigger) -> None:
    trigger.settle([], [run("a", "t1"), run("b", "t2"), run("c", "t1")])
    assert [each.run_id for each in trigger.list_runs("t1", 10)] == ["c", "a"]
    assert [each.run_id for each in trigger.list_runs(None, 2)] == ["c", "b"]


def test_a_run_is_replaced_by_a_later_record_of_it(trigger: BaseTrigger) -> None:
    trigger.settle([], [run("a", error="no")])
    trigger.settle([], [run("a", invocation_id=InvocationId("a"))])
    assert [(each.run_id, each.error) for each in trigger.list_runs("t", 10)] == [("a", "")]


def test_a_run_is_found_by_its_invocation(trigger: BaseTrigger) -> None:
    trigger.settle([], [run("a", invocation_id=InvocationId("a")), run("failed", error="no")])
    found = trigger.find_runs([InvocationId("a"), InvocationId("failed"), InvocationId("unknown")])
    assert {invocation_id: each.run_id for invocation_id, each in found.items()} == {"a": "a"}


def test_runs_expire(world: World, trigger: BaseTrigger) -> None:
    trigger.settle([], [run("old")])
    world.pass_time(0.4)
    trigger.settle([], [run("young")])
    trigger.delete_expired(0.3)
    assert [each.run_id for each in trigger.list_runs(None, 10)] == ["young"]


# -- everything ---------------------------------------------------------------------------------------


def _fill_all(trigger: BaseTrigger) -> None:
    trigger.set_values("a", {"x": "1"})
    trigger.put_occurrences([event("e"), event("e", trigger_id="t")])
    trigger.settle([], [run("a", invocation_id=InvocationId("a"))])
    trigger.get_cursors({"c": 5.0})
    trigger.pair([fill(0, "a")])


def _is_empty(trigger: BaseTrigger) -> bool:
    return (
        trigger.get_values(["a"]) == {"a": {}}
        and take(trigger, "t") == []
        and trigger.list_events(10) == []
        and trigger.list_runs(None, 10) == []
        and trigger.find_runs([InvocationId("a")]) == {}
        and trigger.get_cursors({"c": 6.0}) == {"c": 6.0}
        and pair(trigger, fill(1, "b")) is None
    )


def test_a_purge_removes_everything(trigger: BaseTrigger) -> None:
    _fill_all(trigger)
    trigger.purge()
    assert _is_empty(trigger)


def test_apps_do_not_see_each_other(world: World) -> None:
    other = World(world.backend, world.site, f"contract-{uuid.uuid4().hex}")
    _fill_all(world.trigger)
    assert _is_empty(other.trigger)
    other.trigger.purge()
    assert world.trigger.get_cursors({"c": 0.0}) == {"c": 5.0}
    assert take(world.trigger, "t") == ["e", "e"]
    other.clear()


def test_another_process_sees_the_same(world: World) -> None:
    _fill_all(world.trigger)
    other = world.another_process()
    assert other.trigger.get_values(["a"]) == {"a": {"x": "1"}}
    assert pair(other.trigger, fill(1, "b")) == ("<a>", "<b>")
    assert len(take(other.trigger, "t")) == 2
    assert take(world.trigger, "t") == []
    other.close()
