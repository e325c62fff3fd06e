"""Two apps on one server see nothing of each other, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from integration.backends.parts import Backend, Site
from integration.world import ALICE, BOB, World, finish, ids, pause

from pynenc.contracts import PayloadKey, PayloadKind
from pynenc.values.runners import Beat, LeaseRequest

KEY = PayloadKey(ids("one")[0], 0, PayloadKind.ARGUMENTS)
NAMES = [
    ("app", "app2"),
    ("app", "app:"),
    ("App", "app"),
    ("a.b", "a_b"),
    ("a%", "a_"),
    ("*", "?"),
    ("{a}b", "{a}c"),
    ("[ab]", "a"),
    ("'; DROP TABLE invocations; --", '"; --'),
    ("../up", "..\\up"),
    ("$where", "$gt"),
    ("ünï ☃", "uni"),
    ("line\nline", "line line"),
    ("x" * 200, "x" * 199),
]


@pytest.fixture(params=NAMES, ids=[repr(pair)[:40] for pair in NAMES])
def pair(request: pytest.FixtureRequest, backend: Backend, site: Site) -> Iterator[tuple[World, World]]:
    worlds = tuple(World(backend, site, app_id) for app_id in request.param)
    yield worlds[0], worlds[1]
    for world in worlds:
        world.clear()


def _fill(world: World) -> None:
    waiter = world.run("waiter", cc_key="k", cc_limit=1)
    world.submit("one", "two", reg_key=None)
    world.do(pause(waiter, "one"))
    world.orchestrator.beat(Beat(alive=(ALICE,), lease=LeaseRequest("sweep", ALICE.runner_id, 60)))
    world.broker.push(ids("one"))
    world.state_backend.put_payloads({KEY: "payload"})
    world.state_backend.set_values("scope", {"a": "1"})
    world.client_data_store.put({"hash": "value"})


def _contents(world: World) -> tuple[object, ...]:
    return (
        world.snapshot(),
        world.orchestrator.list_runners(),
        world.broker.count(),
        world.state_backend.get_payloads([KEY]),
        world.state_backend.get_values("scope"),
        world.client_data_store.get(["hash"]),
        world.client_data_store.count(),
    )


def test_apps_see_and_remove_only_what_is_theirs(pair: tuple[World, World]) -> None:
    mine, other = pair
    _fill(mine)
    before = _contents(mine)
    assert _contents(other) == (([], [], {}, [], {}), [], 0, {}, {}, {}, 0)
    assert other.claims() == []
    assert other.broker.receive(9, 30) == []
    assert other.orchestrator.find_orphans([ALICE.runner_id], 9) == []
    other.client_data_store.delete(["hash"], 0)
    other.state_backend.delete_scope("scope")
    other.state_backend.delete_payloads([KEY.invocation_id])
    for part in (other.orchestrator, other.broker, other.state_backend, other.client_data_store):
        part.purge()
    assert _contents(mine) == before


def test_apps_may_use_the_same_names(pair: tuple[World, World]) -> None:
    mine, other = pair
    _fill(mine)
    _fill(other)
    assert other.orchestrator.beat(Beat(lease=LeaseRequest("sweep", ALICE.runner_id, 60))).leads
    assert not other.orchestrator.beat(Beat(lease=LeaseRequest("sweep", BOB.runner_id, 60))).leads
    other.do(finish(other.claim()))
    assert (mine.status("one"), other.status("one")) == ("registered", "success")
    other.orchestrator.delete(ids("one"))
    assert mine.claim().invocation_id == "one"
