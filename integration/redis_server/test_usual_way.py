"""What scripts do straight, without all their functions, they do as they do it with them.

Where somebody reacts to statuses nothing is done straight. So the same life is led twice, once with somebody who reacts
to a task that nobody calls, and the server has to end with the same keys.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from integration.redis_server.own_server import OwnServer, normal, stored_keys
from integration.world import BOB, ERROR, RESULT, S, World, call, finish, ids, pause, start

from pynenc.values.operations import Claim, Step
from pynenc.values.records import Outcome, OutcomeKind

_AHEAD: dict[str, Any] = {"ahead": {"app.task": 0.5, "app.slow": 9.0}, "ahead_seconds": 2.0, "limit": 64}
_LONG = Outcome(OutcomeKind.RESULT, "x" * 2000)
Life = Callable[[World], object]


def _finish_and_claim(world: World, *claims: Claim, **fields: Any) -> list[Claim]:
    answer = world.orchestrator.advance(
        Step(moves=tuple(map(finish, claims)), claim=world.claim_request(**fields))
    )
    assert all(one.accepted for one in answer.moves)
    return list(answer.claims)


def _one_by_one(world: World) -> object:
    for name in ("one", "two", "three"):
        world.submit(name)
    first = world.claims()
    second = _finish_and_claim(world, *first)
    third = _finish_and_claim(world, *second)
    return first, second, third, _finish_and_claim(world, *third), world.claims()


def _in_batches(world: World) -> object:
    world.submit(*(call(f"call{number}") for number in range(9)), call("slow", task_id="app.slow"))
    world.submit(call("unmeasured", task_id="app.new"), call("last"))
    started = world.claims(start_seconds=1.0, **_AHEAD)
    more = _finish_and_claim(world, *(one for one in started if one.status is S.RUNNING), **_AHEAD)
    world.do(*(start(one) for one in started if one.status is S.PENDING))
    return started, more, world.claims(BOB, **_AHEAD), world.claims(BOB, limit=1), world.claims(BOB, **_AHEAD)


def _long_calls(world: World) -> object:
    world.submit(*(call(f"call{number}", arguments="x" * 500 * number) for number in range(5)))
    world.submit(call("with a zero", arguments="a \0 b"))
    first = world.claims(limit=1)
    more = _finish_and_claim(world, *first, **_AHEAD)
    return first, more, world.claims(ids=ids("with a zero")), world.claims(ids=ids("call4"))


def _options_in_the_queue(world: World) -> object:
    world.submit("plain")
    world.submit(call("urgent", priority=3))
    world.submit(call("held", cc_key="key", cc_limit=1), call("turned away", cc_key="key", cc_limit=1))
    world.submit(
        call("registered", reg_key="only"), call("child", root_id=ids("plain")[0], parent_id=ids("plain")[0])
    )
    world.submit(call("later", delay_seconds=3600.0))
    return [_finish_and_claim(world, *world.claims(limit=2), limit=2) for _ in range(4)]


def _refusals(world: World) -> object:
    world.submit("one")
    world.submit("one")
    world.submit("two")
    one, two = world.claim(), world.claim()
    request = world.claim_request
    late = replace(finish(two), token="of another claim")
    return [
        world.orchestrator.advance(Step(moves=moves, claim=request(limit=64))).moves
        for moves in ((late,), (finish(one), finish(one)), (finish(one), finish(two)), (finish(two),))
    ]


def _outcomes(world: World) -> object:
    claims = [world.run(name) for name in ("short", "long", "failed", "unheard")]
    told: dict[Any, Any] = {}
    all_told = threading.Event()

    def hear(some: Any) -> None:
        told.update(world.orchestrator.get_states(some))
        if len(told) == 3:
            all_told.set()

    world.watch(hear).add(ids("short", "long", "failed"))
    for claim, outcome in zip(claims, (RESULT, _LONG, ERROR, RESULT), strict=True):
        world.orchestrator.advance(Step(moves=(finish(claim, outcome),), claim=world.claim_request()))
    assert all_told.wait(30)
    return told


def _somebody_waits(world: World) -> object:
    world.submit("awaited")
    waiter, awaited = world.run("waiter"), world.claim()
    world.do(pause(waiter, "awaited"))
    return _finish_and_claim(world, awaited)


def _named_by_a_queue_elsewhere(world: World) -> object:
    world.submit("one", "two", "three")
    world.submit(
        call("urgent", priority=3), call("held", cc_key="key", cc_limit=1), call("later", delay_seconds=60.0)
    )
    one, two, three = ids("one", "two", "three")
    first = world.claims(ids=(two,), limit=64)
    second = _finish_and_claim(world, *first, ids=(one,), limit=64)
    world.do(finish(second[0]))
    again = _finish_and_claim(world, ids=(one,), limit=64)
    others = [world.claims(ids=(i,)) for i in ids("urgent", "held", "later", "nobody knows it")]
    late = world.orchestrator.advance(Step(moves=(finish(first[0]), finish(others[0][0])))).moves
    third = world.claims(ids=(three,))
    fourth = world.submit("four"), world.claims(BOB, ids=ids("four"))
    both = world.orchestrator.advance(Step(moves=(finish(*third), finish(*fourth[1])))).moves
    return first, second, again, others, late, third, fourth, both, world.claims(limit=64)


LIVES: dict[str, Life] = {
    "one by one": _one_by_one,
    "in batches": _in_batches,
    "long calls": _long_calls,
    "options in the queue": _options_in_the_queue,
    "refusals": _refusals,
    "outcomes": _outcomes,
    "somebody waits": _somebody_waits,
    "named by a queue elsewhere": _named_by_a_queue_elsewhere,
}


def _react(world: World) -> None:
    world.orchestrator.watch_statuses({"app.nobody calls it": frozenset({S.FAILED})}, 3600.0)


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_the_straight_way_leads_where_the_other_one_does(
    make_world: Callable[[], World], server: OwnServer, life: Life
) -> None:
    straight, other = make_world(), make_world()
    _react(other)
    answers = [normal(life(world)) for world in (straight, other)]
    assert answers[0] == answers[1]
    stored = [stored_keys(server, world.orchestrator.store.prefix) for world in (straight, other)]  # type: ignore[attr-defined]  # of the Redis store
    assert stored[0] == stored[1]
    assert "o:ids" in stored[0]


@pytest.mark.parametrize("named", [False, True], ids=["from the queue", "named by a queue elsewhere"])
def test_the_straight_way_asks_the_server_less(
    make_world: Callable[[], World], server: OwnServer, named: bool
) -> None:
    straight, other = make_world(), make_world()
    _react(other)
    calls = []
    for world in (straight, other):
        world.do(finish(world.run("before")))  # connected, and every script is known
        world.submit("one")
        server.client.config_resetstat()
        if named:
            world.do(finish(world.claim(ids=ids("one"))))
        else:
            _finish_and_claim(world, world.claim())
        calls.append(sum(row["calls"] for row in server.client.info("commandstats").values()))
    assert calls[0] < calls[1]
