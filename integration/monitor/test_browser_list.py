"""Lists in a browser: asked by typing and by drawing, saved, shared, and narrowed."""

from __future__ import annotations

import json
import re
import time
from types import ModuleType
from typing import Any

from playwright.sync_api import expect

from pynmon import MonitorSettings, create_monitor_app

from .conftest import Watched, eventually, running, served


def test_a_window_is_drawn_on_the_strip(chromium: Any, shop: ModuleType) -> None:
    with running(shop):
        for _ in range(2):
            # In a second in which nothing else was registered.
            second = int(time.time())
            eventually(lambda: int(time.time()) > second)  # noqa: B023 - asked at once
            assert shop.echo("a column of its own").wait(30)
    # Of two that were registered each second is a column.
    monitor = create_monitor_app(shop.app, MonitorSettings(sample_limit=2, requests_per_second=0))
    with served(monitor) as address:
        watched = Watched(chromium, address)
        page = watched.open("/invocations?q=task:*.echo")
        columns = page.locator(".strip a")
        first, last = columns.first.bounding_box(), columns.last.bounding_box()
        # From the end to the beginning.
        page.mouse.move(last["x"] + 1, last["y"] + 20)
        page.mouse.down()
        page.mouse.move(first["x"] + 1, first["y"] + 20, steps=5)
        page.mouse.up()
        page.wait_for_url("**created%3A**")
        assert page.locator(".strip a.chosen").count() == columns.count() == 2
        assert page.locator("tbody tr").count() == 2
        assert watched.complaints == []
        watched.context.close()


def test_a_hostile_query_is_shown_and_not_run(watched: Watched, shop: ModuleType) -> None:
    page = watched.open("/invocations")
    box = page.get_by_label("Query")
    for text in shop.HOSTILE:
        box.fill(f'"{text.translate({34: None, 92: None})}" (')
        with page.expect_navigation():
            box.press("Enter")
        assert page.locator("mark").inner_text() == "("
        assert page.evaluate("window.__pwned") is None
        page = watched.open("/invocations")
    watched.complaints[:] = [one for one in watched.complaints if "422" not in one]


def test_a_query_is_typed_shared_and_paged(watched: Watched, chromium: Any, address: str) -> None:
    page = watched.open("/invocations?size=25")
    box = page.get_by_label("Query")
    box.fill("task:*.charge is:final")
    box.press("Enter")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**cursor=**")
    rows = page.locator("main").inner_text()
    other = Watched(chromium, address)
    other.page.goto(page.url)
    seen = other.page.locator("main").inner_text()
    other.context.close()
    # The same rows; only the ages differ.
    assert re.findall("…[0-9a-f.]+", seen) == re.findall("…[0-9a-f.]+", rows) != []
    assert other.complaints == []


def test_a_view_is_saved_by_name_in_this_browser(watched: Watched) -> None:
    name = "<img src=x onerror=alert(1)>"
    page = watched.open("/invocations?q=status:failed&size=25")
    page.click("#saved > summary")
    page.fill("#saved input", name)
    page.press("#saved input", "Enter")
    page.goto(watched.address + "/invocations")
    page.click("#saved > summary")
    page.click(f"#saved a:text-is({json.dumps(name)})")
    assert page.url.endswith("/invocations?q=status%3Afailed&size=25")
    page.click("#saved > summary")
    assert page.locator("#saved a[aria-current]").inner_text() == name
    page.click("#saved li button")
    assert page.locator("#saved li").count() == 0
    # Another page has views of its own, and a list that cannot be read is none.
    page.evaluate(
        "localStorage.setItem(Object.keys(localStorage).find((key) => key.startsWith('pynmon-views')), '{')"
    )
    assert watched.open("/invocations").locator("#saved li").count() == 0


def test_what_a_line_has_no_room_for_is_told_where_the_pointer_is(watched: Watched) -> None:
    # What is written into the page stays there.
    watched.page.add_init_script("localStorage.setItem('pynmon-paused', 'yes')")
    page = watched.open("/invocations?q=status:failed")
    link = page.locator("tbody a.id").first
    link.hover()
    whole = link.get_attribute("href").rpartition("/")[2]
    expect(link).to_have_attribute("title", whole)
    page.set_viewport_size({"width": 900, "height": 800})
    cell = page.locator("tbody tr").first.locator("td:nth-last-child(6)")
    cell.evaluate("one => { one.textContent = 'customer_id=1, '.repeat(40); }")
    cell.hover()
    expect(cell).to_have_attribute("title", re.compile("customer_id=1, customer_id=1"))
    watched.open("/runners").locator("svg.beats").first.hover()
    expect(watched.page.locator("svg.beats title").first).to_have_text(re.compile("within 30 m"))
