"""Attempts before the last one are on the timeline, whatever became of their invocation since."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from integration.world import ALICE, World, finish, ids, retry

from pynenc import Pynenc
from pynenc.values.runners import Beat
from pynmon.presentation.texts import iso

from .conftest import statements_of


@pytest.fixture(scope="module")
def instant(world: World) -> float:
    """When the first attempts of two were over: one ended later, one is at its second attempt."""
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    for name in ("ended", "again"):
        world.submit(name, task_id=f"app.{name}")
        world.do(retry(world.claim(ids=ids(name))))
    instant = world.record("again").available_at + 0.005
    world.pass_time(0.02)
    world.submit("alien", task_id="app.alien")
    world.do(finish(world.claim(ids=ids("alien"))))
    world.do(finish(world.claim(ids=ids("ended"))))
    world.claim(ids=ids("again"))
    return instant


def shown(client: TestClient, **address: str) -> set[str]:
    text = client.get("/timeline", params=address).text
    return set(re.findall(r"<title>app\.(\w+: \w+),", text))


def test_a_window_in_the_past_has_those_of_what_was_tried_again_afterwards(
    world_app: Pynenc, world_client: TestClient, instant: float
) -> None:
    begin, end, later = (iso(at) for at in (instant - 60, instant, instant + 60))
    window = {"from": begin, "to": end}
    with statements_of(world_app) as seen:
        assert shown(world_client, **window) == {"ended: Retry", "again: Retry"}
    # Of the store six, one of which counts first: what is open is found in another way where it is much.
    assert len(seen) <= 7, seen
    part = {**window, "to": later, "begin": begin, "end": end}
    assert shown(world_client, **part) == {"ended: Retry", "again: Retry"}
