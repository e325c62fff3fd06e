"""Results that answer later calls with the same task and arguments."""

from __future__ import annotations

from integration.world import ERROR, World, call, cancel, finish, hand_back, ids, retry

from pynenc.values.operations import NewInvocation
from pynenc.values.records import Outcome, OutcomeKind


def reusable(name: str, args_id: str = "a", task_id: str = "app.task") -> NewInvocation:
    """A call whose result may be reused."""
    return call(name, args_id=args_id, task_id=task_id, caches_result=True)


def found(world: World, *args_ids: str, task_id: str = "app.task") -> dict[str, str]:
    """By arguments: the invocation whose result is given."""
    states = world.orchestrator.find_results(task_id, args_ids)
    return {args_id: state.invocation_id for args_id, state in states.items()}


def run(world: World, one: NewInvocation, outcome: Outcome | None = None) -> None:
    """Submit, claim and finish."""
    world.submit(one)
    claim = world.claim(ids=(one.invocation_id,))
    world.do(finish(claim) if outcome is None else finish(claim, outcome))


def test_a_success_is_found_with_its_outcome(world: World) -> None:
    outcome = Outcome(OutcomeKind.RESULT, data="=1", preview="1", size_bytes=1)
    run(world, reusable("one"), outcome)
    states = world.orchestrator.find_results("app.task", ["a"])
    assert states == {"a": world.orchestrator.get_states(ids("one"))[ids("one")[0]]}
    assert states["a"].outcome == outcome


def test_the_flag_of_a_call_is_kept(world: World) -> None:
    world.submit(reusable("one"), call("two"))
    assert (world.record("one").caches_result, world.record("two").caches_result) == (True, False)


def test_only_what_was_submitted_for_it_is_found(world: World) -> None:
    run(world, call("one", args_id="a"))
    assert found(world, "a") == {}


def test_only_successes_are_found(world: World) -> None:
    world.submit(reusable("waiting"))
    run(world, reusable("failed"), ERROR)
    world.submit(reusable("cancelled"))
    world.do(cancel("cancelled"))
    for name, one in (("retried", retry), ("handed back", hand_back)):
        world.submit(reusable(name))
        world.do(one(world.claim(ids=ids(name))))
    assert found(world, "a") == {}


def test_arguments_and_tasks_are_told_apart(world: World) -> None:
    run(world, reusable("one", "a"))
    run(world, reusable("two", "b"))
    run(world, reusable("three", "a", "app.other"))
    assert found(world, "a", "b", "c") == {"a": "one", "b": "two"}
    assert found(world, "a", task_id="app.other") == {"a": "three"}
    assert found(world, "b", task_id="app.other") == {}
    assert found(world) == {}


def test_of_several_the_one_submitted_last_is_found(world: World) -> None:
    world.submit(reusable("one"), reusable("two"), reusable("three"))
    for name in ("two", "one"):
        world.do(finish(world.claim(ids=ids(name))))
        assert found(world, "a") == {"a": "two"}
    world.do(finish(world.claim(ids=ids("three")), ERROR))
    assert found(world, "a") == {"a": "two"}


def test_a_success_after_failed_attempts_is_found(world: World) -> None:
    world.submit(reusable("one"))
    world.do(retry(world.claim()))
    world.do(finish(world.claim()))
    assert found(world, "a") == {"a": "one"}


def test_a_deleted_result_is_not_found(world: World) -> None:
    run(world, reusable("one"))
    run(world, reusable("two"))
    world.orchestrator.delete(ids("two"))
    assert found(world, "a") == {"a": "one"}
    world.orchestrator.delete(ids("one"))
    assert found(world, "a") == {}


def test_many_are_found_at_once(world: World) -> None:
    calls = [reusable(f"n{number}", f"a{number}") for number in range(1200)]
    world.submit(*calls)
    while claims := world.claims(limit=200):
        world.do(*map(finish, claims))
    expected = {one.args_id: one.invocation_id for one in calls}
    assert found(world, *expected) == expected


def test_a_purge_removes_them(world: World) -> None:
    run(world, reusable("one"))
    world.orchestrator.purge()
    assert found(world, "a") == {}


def test_another_process_finds_them(world: World) -> None:
    run(world, reusable("one"))
    other = world.another_process()
    assert found(other, "a") == {"a": "one"}
    other.close()
