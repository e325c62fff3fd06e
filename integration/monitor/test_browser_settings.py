"""What somebody chooses for all pages: a theme, and the clock by which times are shown."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from .conftest import Watched, eventually, for_everybody


def test_a_theme_lasts(watched: Watched) -> None:
    page = watched.open("/")
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page = watched.open("/tasks")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(11, 15, 20)"


def test_density_and_how_often_pages_follow_last_and_are_cookies(watched: Watched, shop: ModuleType) -> None:
    page = watched.open("/invocations?size=25")
    height = page.locator("tbody tr").first.bounding_box()["height"]
    page.locator("#rows").select_option("comfortable")
    assert page.locator("tbody tr").first.bounding_box()["height"] > height
    page.locator("#every").select_option("every minute")
    page.locator("#theme").click()
    page = watched.open("/invocations?size=25")
    assert page.locator("tbody tr").first.bounding_box()["height"] > height
    for_everybody(page, "with room between rows", [("light", 1440)])
    page.set_viewport_size({"width": 1440, "height": 900})
    chosen = {one["name"]: one["value"] for one in watched.context.cookies()}
    assert chosen == {"pynmon-theme": "dark", "pynmon-rows": "comfortable", "pynmon-every": "60"}
    # It looks once when it is open, and not again within the minute; until somebody wants it to.
    watched.context.add_init_script(
        "window.swaps = 0; document.addEventListener('htmx:afterSwap', () => { window.swaps += 1; })"
    )
    page = watched.open("/invocations?size=25")
    eventually(lambda: page.wait_for_timeout(50) or page.evaluate("window.swaps") == 1)
    came = shop.charge(1, 1.0)
    page.wait_for_timeout(1500)  # as long as three refreshes: nothing may happen
    row = page.locator(f"[id='i-{came.invocation_id}']")
    assert row.count() == 0
    page.locator("#every").select_option("as it happens")
    row.wait_for()
    came.cancel()


def test_columns_and_the_form_of_the_navigation_last(watched: Watched) -> None:
    page = watched.open("/invocations")
    arguments = page.get_by_role("columnheader", name="Arguments", exact=True)
    assert arguments.is_visible()
    page.click("#columns > summary")
    page.uncheck("#columns input[value=arguments]")
    assert not arguments.is_visible()
    for_everybody(page, "with columns to choose", [("light", 1440)])
    page = watched.open("/tasks/pynmon_shop.charge")
    assert page.get_by_role("columnheader", name="Status", exact=True).is_visible()
    assert not arguments.is_visible()
    side = page.locator(".side")
    assert side.evaluate("one => one.offsetWidth") == 216
    page.click("#fold")
    assert side.evaluate("one => one.offsetWidth") == 56
    page = watched.open("/runners")
    assert side.evaluate("one => one.offsetWidth") == 56
    assert page.get_by_role("link", name="Tasks", exact=True).is_visible()
    for_everybody(page, "with icons only", [("dark", 1440)])
    page.set_viewport_size({"width": 1440, "height": 900})
    page.click("#fold")
    assert side.evaluate("one => one.offsetWidth") == 216


def test_an_answer_that_was_under_way_brings_no_column_back(watched: Watched) -> None:
    page = watched.open("/invocations")
    arguments = page.get_by_role("columnheader", name="Arguments", exact=True)
    held: list[tuple[Any, Any]] = []
    page.route("**/invocations", lambda route: held.append((route, route.fetch())))
    page.evaluate("htmx.trigger('#content', 'changed')")
    eventually(lambda: page.wait_for_timeout(20) or held)
    page.click("#columns > summary")
    page.uncheck("#columns input[value=arguments]")
    page.evaluate("""() => { window.swapped = new Promise((done) => {
      document.addEventListener("htmx:afterSettle", () => done(true), { once: true });
    }); }""")
    route, answer = held[0]
    route.fulfill(response=answer)
    assert page.evaluate("window.swapped")
    assert not arguments.is_visible()
    page.unroute_all(behavior="ignoreErrors")


#: What says when, as text and where one points, but for what is in UTC for everybody, as its column says.
LABELS = """() => [...document.querySelectorAll("time, .tick, figcaption, title, main [aria-label]")]
.filter((one) => !one.closest(".utc")).flatMap((one) =>
  [one.matches("[aria-label]") ? "" : one.textContent, one.getAttribute("title"), one.getAttribute("aria-label")]
).filter((text) => /\\d\\d:\\d\\d:\\d\\d| ago\\b|^in \\d|\u2212\\d/.test(text ?? ""))"""


def test_times_are_those_of_the_chosen_zone_on_every_page(chromium: Any, address: str) -> None:
    watched = Watched(chromium, address, timezone_id="Asia/Kolkata")
    page = watched.open("/invocations?task=pynmon_shop.refuse")
    utc = page.locator("tbody time").first.get_attribute("datetime")
    detail = page.locator("tbody a.id").first.get_attribute("href")
    there = (datetime.fromisoformat(utc) + timedelta(hours=5, minutes=30)).strftime("%H:%M:%S")
    paths = ["/invocations?task=pynmon_shop.refuse", "/timeline?range=1h", "/timeline?range=1h&view=table"]
    paths += [detail, "/", "/schedules/pynmon_shop.restock%231", "/failures"]

    def labels(path: str) -> list[str]:
        """Whatever says when, in tables, on axes and where one points."""
        page.goto(address + path)
        return list(page.evaluate(LABELS))

    for path in paths:
        assert not [text for text in labels(path) if re.search(r"[+]\d\d:\d\d\b|IST", text)], path
    page.goto(address + paths[0])
    with page.expect_navigation():
        page.get_by_label("Times").select_option("local")
    assert page.url == address + paths[0]
    assert page.locator("tbody time").first.inner_text() == there
    assert page.locator("#seen").inner_text().endswith(" IST")
    eventually(lambda: page.wait_for_timeout(50) or page.locator("#live-word").inner_text() == "live")
    for path in paths:
        after = labels(path)
        assert after, path
        assert not [text for text in after if "UTC" in text or re.search(r"\dZ\b", text)], path
    for_everybody(page, "with times of here", [("dark", 390)])
    page.goto(address + paths[0])
    with page.expect_navigation():
        page.get_by_label("Times").select_option("relative")
    for path in paths:
        # Exactly when is left where one points.
        assert any(re.search(r" ago|\bin \d|\N{MINUS SIGN}\d", text) for text in labels(path)), path
        if not page.locator("main .utc").count():
            assert not re.search(r"\d\d:\d\d:\d\d", page.locator("main").inner_text()), path
    with page.expect_navigation():
        page.get_by_label("Times").select_option("UTC")
    assert watched.context.cookies() == []
    assert watched.complaints == []
    watched.context.close()
