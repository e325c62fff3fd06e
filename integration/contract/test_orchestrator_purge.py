"""What may be deleted, and what stays."""

from __future__ import annotations

from typing import Any

from integration.world import ALICE, BOB, World, call, cancel, finish, hand_back, ids, pause, recover

from pynenc.values.runners import Beat, LeaseRequest
from pynenc.values.status import InvocationStatus as S


def test_final_invocations_expire_oldest_first(world: World) -> None:
    names = ["c", "a", "b"]
    for name in names:
        world.do(finish(world.run(name)))
        world.pass_time(0.1)
    assert world.orchestrator.find_expired(0.0, 10) == names
    assert world.orchestrator.find_expired(0.0, 2) == names[:2]


def test_every_final_status_expires(world: World) -> None:
    world.run("holder", cc_key="k", cc_limit=1)
    world.submit(call("refused", cc_key="k", cc_limit=1), call("cancelled"))
    world.do(cancel("cancelled"))
    assert world.claims() == []
    assert set(world.orchestrator.find_expired(0.0, 10)) == {"refused", "cancelled"}


def test_only_what_is_old_enough_expires(world: World) -> None:
    world.do(finish(world.run("old")))
    world.pass_time(0.5)
    world.do(finish(world.run("young")))
    assert world.orchestrator.find_expired(0.4, 10) == ["old"]
    assert world.orchestrator.find_expired(60, 10) == []


def test_what_is_not_final_never_expires(world: World) -> None:
    world.run("running")
    world.do(hand_back(world.run("rerouted")))
    world.pass_time(0.2)
    assert world.orchestrator.find_expired(0.0, 10) == []


def test_nothing_of_a_workflow_expires_before_its_root_is_final(world: World) -> None:
    root = world.run("root", workflow_id="root")
    child: dict[str, Any] = {
        "workflow_id": "root",
        "root_id": ids("root")[0],
        "parent_id": ids("root")[0],
        "depth": 1,
    }
    world.do(finish(world.run("child", **child)), finish(world.run("alone")))
    assert world.orchestrator.find_expired(0.0, 10) == ["alone"]
    world.do(finish(root))
    assert set(world.orchestrator.find_expired(0.0, 10)) == {"alone", "child", "root"}
    world.orchestrator.delete(ids("root"))
    assert set(world.orchestrator.find_expired(0.0, 10)) == {"alone", "child"}


def test_a_running_workflow_does_not_hide_what_ended_later(world: World) -> None:
    world.run("root", workflow_id="root")
    for number in range(5):
        world.do(finish(world.run(f"child{number}", workflow_id="root", root_id=ids("root")[0])))
    world.do(finish(world.run("alone")))
    assert world.orchestrator.find_expired(0.0, 1) == ["alone"]


def test_deleted_invocations_leave_nothing(world: World) -> None:
    world.do(finish(world.run("one")), finish(world.run("two")))
    world.orchestrator.delete(ids("one"))
    assert world.orchestrator.get_records(ids("one")) == {}
    assert world.orchestrator.get_states(ids("one")) == {}
    assert world.history("one") == []
    assert (
        world.orchestrator.count_by_status()
        == world.orchestrator.count_by_status("app.task")
        == {S.SUCCESS: 1}
    )
    assert [record.invocation_id for record in world.all_records()] == ["two"]
    assert world.orchestrator.find_expired(0.0, 10) == ["two"]


def test_a_deleted_id_can_be_used_again(world: World) -> None:
    world.do(finish(world.run("one")))
    world.orchestrator.delete(ids("one"))
    claim = world.run("one")
    assert (claim.epoch, world.walk("one")) == (1, [S.REGISTERED, S.PENDING, S.RUNNING])
    assert list(world.all_records()) == [world.record("one")]


def test_only_final_invocations_are_deleted(world: World) -> None:
    world.submit("queued", "paused", "awaited")
    world.do(pause(world.claim(ids=ids("paused")), "awaited"))
    before = world.snapshot()
    world.orchestrator.delete(ids("queued", "paused", "awaited", "unknown"))
    assert world.snapshot() == before


def test_stopped_runners_are_forgotten(world: World) -> None:
    world.orchestrator.beat(Beat(alive=(ALICE, BOB), stopped=((ALICE.runner_id, "clean"),)))
    world.pass_time(0.2)
    world.orchestrator.forget_runners(60)
    assert len(world.orchestrator.list_runners(include_stopped=True)) == 2
    world.orchestrator.forget_runners(0.1)
    assert [row.identity for row in world.orchestrator.list_runners(include_stopped=True)] == [BOB]


def test_a_runner_is_remembered_while_it_owns_something(world: World) -> None:
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    world.run("one")
    world.orchestrator.beat(Beat(stopped=((ALICE.runner_id, "lost"),)))
    world.orchestrator.forget_runners(0)
    assert [orphan.invocation_id for orphan in world.orchestrator.find_orphans([], 9)] == ["one"]
    world.do(recover(world.record("one")))
    world.orchestrator.forget_runners(0)
    assert world.orchestrator.list_runners(include_stopped=True) == []


def test_a_purge_leaves_nothing(world: World) -> None:
    limited: dict[str, Any] = {"cc_key": "k", "cc_limit": 1, "cc_park": True}
    waiter = world.run("waiter", **limited)
    world.submit(call("parked", **limited), call("later", delay_seconds=9), call("merged", reg_key="r"))
    world.claims(ids=ids("parked"))
    world.do(finish(world.run("final")), pause(waiter, "later"))
    world.orchestrator.beat(Beat(alive=(ALICE,), lease=LeaseRequest("sweep", ALICE.runner_id, 99)))
    world.orchestrator.purge()
    assert world.snapshot() == ([], [], {}, [], {})
    assert world.orchestrator.list_runners(include_stopped=True) == []
    assert world.orchestrator.find_orphans([ALICE.runner_id], 9) == []
    assert world.orchestrator.find_expired(0, 9) == []
    answer = world.advance(claim=world.claim_request())
    assert (answer.claims, answer.next_due_seconds) == ((), None)
    assert not world.answer(finish(waiter)).accepted
    assert world.orchestrator.beat(Beat(lease=LeaseRequest("sweep", BOB.runner_id, 9))).leads
    assert world.submit("new", reg_key="r") == ids("new")
    assert world.run("free", **limited).epoch == 1
