"""The timeline in a browser: by keys and by drawing."""

from __future__ import annotations

from typing import Any

from pynmon.timeline import lanes
from pynmon.timeline.axis import WIDTH

from .conftest import Watched, eventually, for_everybody


def test_keys_move_the_window_of_a_timeline(watched: Watched) -> None:
    page = watched.open("/timeline?range=7d")
    for key in "swwads":
        with page.expect_navigation():
            page.keyboard.press(key)
        assert page.locator("h1").inner_text() == "Timeline", (key, page.url)
    assert "from=" in page.url
    with page.expect_navigation():
        page.keyboard.press("0")
    assert "from=" not in page.url


def test_a_window_is_drawn_on_the_timeline_and_told_about(watched: Watched, monkeypatch: Any) -> None:
    monkeypatch.setattr(lanes, "SINGLE", 1)
    page = watched.open("/timeline?range=15m&lanes=task&cut=true&q=task:*.refuse")
    bar = page.locator(".timeline path.st-failed").bounding_box()
    lane = page.locator(".timeline [data-lane]").first.bounding_box()
    told, y = page.locator("#told"), bar["y"] + bar["height"] / 2
    page.mouse.move(bar["x"] + bar["width"] / 2, y)
    told.locator("a.id").first.wait_for()
    assert "refuse" in told.inner_text()
    for_everybody(page, "what ran", [("light", 1440)])
    page.keyboard.press("Escape")
    assert not told.is_visible()

    def draw() -> None:
        page.mouse.move(lane["x"] + lane["width"] - 2, y)
        page.mouse.down()
        page.mouse.move(bar["x"] - 20, y, steps=4)
        page.mouse.up()

    page.keyboard.down("Shift")
    draw()
    page.keyboard.up("Shift")
    told.get_by_text("at work at a time").wait_for()
    assert page.url.endswith("task:*.refuse")
    before = page.url
    with page.expect_navigation():
        draw()
    assert "from=" in page.url
    assert "lanes=task" in page.url
    assert "range=" not in page.url
    assert page.locator(".timeline path.st-failed").count() == 1
    page.go_back()
    assert page.url == before


def test_a_part_is_chosen_on_the_strip(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=task&colour=attempt")
    strip = page.locator(".overview")
    box = strip.bounding_box()
    with page.expect_navigation():
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 20, steps=4)
        page.mouse.up()
    assert "begin=" in page.url
    assert "from=" in page.url
    assert "colour=attempt" in page.url
    brush = page.locator(".brush").bounding_box()
    assert abs(brush["x"] - box["x"] - box["width"] * 0.8) < 4
    # By keys: one stop of Tab, arrows with Shift choose.
    assert page.locator(".overview a[tabindex='0']").count() == 1
    page.locator(".overview a").nth(-2).focus()
    for key in ("ArrowRight", "Shift+ArrowLeft", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert page.locator(".overview .chosen").count() == 3
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".brush").bounding_box()["x"] > brush["x"] + 9
    # What is drawn on the lanes is a part of the same whole.
    whole = page.locator(".overview").get_attribute("data-from")
    lanes_box = page.locator(".timeline svg").bounding_box()
    with page.expect_navigation():
        page.mouse.move(lanes_box["x"] + lanes_box["width"] / 2, lanes_box["y"] + 10)
        page.keyboard.down("Control")
        page.mouse.wheel(0, -100)
        page.keyboard.up("Control")
    assert "begin=" in page.url
    assert page.locator(".overview").get_attribute("data-from") == whole


def test_keys_lead_from_bar_to_bar(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=task&q=task:*.charge")
    page.keyboard.press(".")
    focused = "document.activeElement.getAttribute('href')"
    first = page.evaluate(focused)
    page.keyboard.press(".")
    assert page.evaluate(focused) != first
    page.keyboard.press(",")
    assert page.evaluate(focused) == first
    page.keyboard.press("m")
    page.locator("#told").get_by_text("at work at a time").wait_for()
    with page.expect_navigation():
        page.keyboard.press("f")
    assert "from=" in page.url
    assert page.locator(f".timeline a[href='{first}']").count() >= 1


def test_a_family_is_marked_on_all_lanes(watched: Watched) -> None:
    page = watched.open("/invocations?task=pynmon_shop.nightly")
    run = page.locator("a.id").first.get_attribute("href")
    page = watched.open("/timeline?range=1h&lanes=task&q=task:*.nightly,*.batch,*.refuse")
    page.locator(f".timeline a[href='{run}']").first.focus()
    page.keyboard.press("h")
    page.locator(".timeline .call").first.wait_for(state="attached")
    kin = page.locator(".timeline .kin")

    def names() -> set[str]:
        titles = kin.locator("title").evaluate_all("all => all.map((one) => one.textContent)")
        return {str(one).partition(":")[0] for one in titles}

    eventually(lambda: names() == {"pynmon_shop.nightly", "pynmon_shop.batch"})
    # Also when the page is drawn anew.
    with page.expect_response(lambda response: "/timeline?" in response.url):
        page.keyboard.press("r")
    eventually(lambda: names() == {"pynmon_shop.nightly", "pynmon_shop.batch"})
    assert page.locator(".timeline a:not(.kin) .bar").count() > 0
    page.keyboard.press("Escape")
    assert kin.count() == 0
    assert page.locator(".timeline .call").count() == 0


def test_a_timeline_is_saved_as_pixels(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=task")
    with page.expect_download() as saved:
        page.get_by_role("link", name="PNG").click()
    assert saved.value.suggested_filename == "timeline.png"
    png = saved.value.path().read_bytes()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 2 * WIDTH
