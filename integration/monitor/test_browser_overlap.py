"""Bars of a timeline that lie above each other: each of them can be reached where they are."""

from __future__ import annotations

import pytest
from integration.world import ALICE, World, finish, ids
from playwright.sync_api import expect

from pynenc.values.runners import Beat

from .conftest import Watched, for_everybody

HOSTILE = "app.<img src=x onerror=alert(1)>"
NAMES = [f"call-{n:02}" for n in range(15)]


@pytest.fixture(scope="module", autouse=True)
def _calls(world: World) -> None:
    """More than are offered at once, one after the other, in far less time than a pixel of minutes is."""
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    for name in NAMES:
        world.submit(name, task_id=HOSTILE)
        claim = world.claim(ids=ids(name))
        world.pass_time(0.001)
        world.do(finish(claim))
    # And one by itself.
    world.pass_time(3.0)
    world.submit("alone", task_id="app.alone")
    world.do(finish(world.claim(ids=ids("alone"))))


def test_a_click_offers_what_lies_below_the_bar(world: World, world_watched: Watched) -> None:
    page = world_watched.open("/timeline?range=5m")
    told, drawer = page.locator("#told"), page.locator("#peek")
    bars = page.locator(f".lanes g > a[href$='{NAMES[0]}']")
    box = bars.bounding_box()

    def click() -> None:
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    click()
    links = told.locator("li a")
    expect(links).to_have_count(12)
    expect(told).to_contain_text("and 3 more: come closer")
    assert told.locator("img").count() == 0
    assert HOSTILE in links.first.inner_text()
    for_everybody(page, "what lies below")
    page.set_viewport_size({"width": 1440, "height": 900})
    chosen = links.nth(4).get_attribute("href")
    links.nth(4).click()
    expect(drawer.locator(f"a[href='{chosen}']").first).to_be_visible()
    expect(told).to_be_hidden()
    page.get_by_role("button", name="Close").click()
    # What lies above nothing is shown at once.
    page.locator(".lanes g > a[href$='alone']").click()
    expect(drawer.locator("a[href='/invocations/alone']").first).to_be_visible()
    expect(told).to_be_hidden()
