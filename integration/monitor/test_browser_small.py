"""Small screens, and paper."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .conftest import Watched, for_everybody

SMALL = {"width": 390, "height": 844}


def test_a_small_screen_has_four_items_at_its_bottom(watched: Watched) -> None:
    page = watched.open("/failures?range=1h")
    bar = page.get_by_role("navigation", name="On a telephone")
    expect(bar).to_be_hidden()
    page.set_viewport_size(SMALL)
    items = bar.locator("> *")
    expect(items).to_have_count(4)
    expect(bar.get_by_role("link", name="Failures")).to_have_attribute("aria-current", "page")
    # It stays where it is, and covers nothing of the end of the page.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    box = bar.bounding_box()
    assert round(box["y"] + box["height"]) == SMALL["height"]
    assert page.locator(".foot").evaluate("one => one.getBoundingClientRect().bottom") <= box["y"]
    for item in items.all():
        assert item.bounding_box()["height"] >= 44
    # Behind the fourth are all of them.
    side = page.get_by_role("navigation", name="Pages")
    expect(side).to_be_hidden()
    bar.get_by_role("button", name="More").click()
    expect(side).to_be_visible()
    assert side.get_by_role("link").count() >= 11
    for_everybody(page, "all pages on a small screen", [("light", 390), ("dark", 390)])
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    bar.get_by_role("button", name="More").click()
    side.get_by_role("link", name="Runners").click()
    expect(page.get_by_role("heading", level=1, name="Runners")).to_be_visible()
    expect(bar.get_by_role("button", name="More")).to_have_attribute("aria-current", "true")


def test_the_items_need_no_scripts(chromium: Any, address: str) -> None:
    plain = Watched(chromium, address, java_script_enabled=False)
    page = plain.open("/")
    page.set_viewport_size(SMALL)
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Logs").click()
    expect(page.get_by_role("heading", level=1, name="Logs")).to_be_visible()
    plain.context.close()
    assert plain.complaints == []


def test_paper_is_light_and_says_where_it_is_from(watched: Watched) -> None:
    page = watched.open("/invocations?q=status:failed")
    address = page.locator(".foot .address")
    expect(address).to_be_hidden()
    page.emulate_media(media="print", color_scheme="dark")
    expect(address).to_be_visible()
    expect(address).to_have_text(f"{watched.address}/invocations?q=status:failed")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator(".find")).to_be_hidden()
    page.locator("#theme").evaluate("one => one.click()")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(paper) == "rgb(246, 247, 249)"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(paper) == "rgb(246, 247, 249)"
    page.set_viewport_size(SMALL)
    expect(page.get_by_role("navigation", name="On a telephone")).to_be_hidden()
