"""How much a page of the timeline is besides its lanes and bars: as much as is left free for it, and hardly less."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from integration.world import (
    ALICE,
    ERROR,
    World,
    cancel,
    finish,
    hand_back,
    pause,
    recover,
    release,
    resume,
    retry,
)

from pynenc.values.operations import Claim, Move
from pynenc.values.runners import Beat
from pynmon.timeline.nodes import PAGE

from .crawl import Page


@pytest.fixture(scope="module", autouse=True)
def _calls(world: World) -> None:
    """As many kinds of bars as there are, on one lane, a second each; and one after a while in which nothing ran."""
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    ends: dict[str, Callable[[Claim], Move]] = {
        "good": finish,
        "bad": lambda claim: finish(claim, ERROR),
        "again": lambda claim: retry(claim, 3600.0),
        "killed": lambda claim: hand_back(claim, 3600.0),
        "lost": lambda _: recover(world.record("lost")),
        "cancelled": lambda _: cancel("cancelled"),
        "waiting": pause,
    }
    for name, end in ends.items():
        claim = world.run(name)
        world.pass_time(1)
        world.do(end(claim))
    world.pass_time(1)
    world.do(resume(claim))
    sleeper = world.run_workflow("sleeper")
    world.pass_time(1)
    world.do(release(sleeper, 3600.0))
    world.submit("next", "claimed")
    world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=2.0)
    world.pass_time(1)


def besides(page: Page, text: str) -> int:
    """The elements that no lane and no bar has."""
    names = re.findall(r'<svg class="names".*?</svg>', text, re.DOTALL)
    bars = re.findall(r'<a href="[^"]+"[^>]*><rect class="bar fill .*?</a>', text)
    of_lanes = "".join([*names, *bars])
    # Of the names of lanes two are there without any: the picture of them, and the ground of the lanes.
    return len(page.tags) - len(re.findall(r"<[a-z]", of_lanes)) + 2 - text.count("<g>")


def test_what_is_measured_has_bars_of_nearly_every_kind(world_client: TestClient) -> None:
    text = world_client.get("/timeline?range=5m").text
    assert len({*re.findall(r'<rect class="bar fill (st-[\w-]+)', text)}) >= 8


@pytest.mark.parametrize("view", ["", "&colour=status", "&lanes=invocation"])
def test_no_more_is_left_free_for_a_page_than_it_may_need(world_client: TestClient, view: str) -> None:
    query = "%20".join(f"-task:other_{number}" for number in range(20))
    text = world_client.get(f"/timeline?range=5m{view}").text
    asked = world_client.get(f"/timeline?range=5m{view}&q={query}").text
    assert besides(Page(text), text) <= besides(Page(asked), asked) <= PAGE
    assert besides(Page(asked), asked) >= PAGE - 40
