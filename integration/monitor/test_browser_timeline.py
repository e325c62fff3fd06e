"""The timeline in a browser: by keys and by drawing."""

from __future__ import annotations

from typing import Any

from pynmon.timeline import lanes, spans
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
        page.get_by_role("link", name="Now").click()
    assert "from=" not in page.url
    # As long as anything ran.
    with page.expect_navigation():
        page.keyboard.press("0")
    assert "from=" in page.url
    assert page.locator(".lanes > path, .lanes g > a").count() > 0


def test_a_window_is_drawn_on_the_timeline_and_told_about(watched: Watched, monkeypatch: Any) -> None:
    monkeypatch.setattr(lanes, "SINGLE", 1)
    page = watched.open("/timeline?range=15m&lanes=task&cut=true&q=task:*.refuse")
    bar = page.locator(".timeline path.st-failed").bounding_box()
    lane = page.locator(".timeline .lanes").bounding_box()
    told, y = page.locator("#told"), bar["y"] + bar["height"] / 2
    # Where the first one is: on a slow machine there may be nothing in their middle.
    page.mouse.move(bar["x"] + 0.5, y)
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
    lanes_box = page.locator(".timeline .lanes").bounding_box()
    with page.expect_navigation():
        page.mouse.move(lanes_box["x"] + lanes_box["width"] / 2, lanes_box["y"] + 10)
        page.keyboard.down("Control")
        page.mouse.wheel(0, -100)
        page.keyboard.up("Control")
    assert "begin=" in page.url
    assert page.locator(".overview").get_attribute("data-from") == whole


def test_keys_lead_from_bar_to_bar(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=task&work=true&q=task:*.refuse")
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
    assert page.locator(f".timeline a[href='{run}'] .bar").first.is_visible()
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


def test_axis_and_names_of_lanes_stay_where_they_are_seen(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=invocation")
    frame = page.locator(".timeline")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 700})
        frame.evaluate("one => one.scrollIntoView()")
        frame.evaluate("one => one.scrollTo(one.scrollWidth, one.scrollHeight)")
        eventually(lambda: frame.evaluate("one => one.scrollTop") > 100)
        box, axis = frame.bounding_box(), page.locator(".ticks").bounding_box()
        names = page.locator(".names").bounding_box()
        assert abs(axis["y"] - box["y"]) <= 2, width
        assert abs(names["x"] - box["x"]) <= 2, width
        # Above all that is below it.
        for x, y in ((box["x"] + 20, box["y"] + 12), (box["x"] + box["width"] - 30, box["y"] + 12)):
            found = page.evaluate("([x, y]) => !!document.elementFromPoint(x, y).closest('.ticks')", [x, y])
            assert found, (width, x)
        frame.evaluate("one => one.scrollTo(0, 0)")
        eventually(lambda: frame.evaluate("one => one.scrollTop") == 0)
    for_everybody(page, "lanes of invocations")


def test_what_bars_are_is_told_by_patterns_that_are_painted(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=task")
    for css in ("cut-bars", "cut-up", "cut-down", "cut-cross"):
        # As a picture has it that has such a bar; in one go, because the page is alive.
        fill = page.evaluate(
            """css => { const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
            path.setAttribute('class', `fill ${css}`); document.querySelector('.lanes').append(path);
            return getComputedStyle(path).fill; }""",
            css,
        )
        assert fill == f'url("#{css}")'


def test_one_bar_is_a_stop_of_the_tab_key_and_arrows_lead_on(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=task&work=true&q=task:*.refuse")
    stops = page.locator(".timeline g > a[tabindex='0']")
    eventually(lambda: stops.count() == 1)
    stops.focus()
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('href')") != first
    assert stops.count() == 1
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('href')") == first


def test_a_bar_is_selected_beside_the_lanes_on_which_its_family_is_marked(watched: Watched) -> None:
    page = watched.open("/timeline?range=1h&lanes=task&q=task:*.nightly,*.batch,*.refuse&work=true")
    bar = page.locator(".lanes g > a", has=page.locator("title", has_text="nightly")).first
    address = page.url
    bar.focus()
    page.keyboard.press("o")
    page.locator("#drawer .tree").wait_for()
    assert "nightly" in page.locator("#peek-title").inner_text()
    assert page.url == address
    page.locator(".timeline .call").first.wait_for(state="attached")
    assert page.locator(".lanes.has-kin .kin").count() >= 2
    for_everybody(page, "what is selected", [("light", 1440)])
    page.keyboard.press("Escape")
    eventually(lambda: not page.locator("#drawer").is_visible())
    # It stays marked until it is forgotten.
    assert page.locator(".timeline .kin").count() >= 2
    page.keyboard.press("Escape")
    assert page.locator(".timeline .kin").count() == 0
    # Without lines, if somebody wants none.
    page = watched.open("/timeline?range=1h&lanes=task&q=task:*.nightly,*.batch&work=true&nolines=true")
    page.locator(".lanes g > a", has=page.locator("title", has_text="nightly")).first.hover(force=True)
    eventually(lambda: page.locator(".timeline .kin").count() >= 2)
    assert page.locator(".timeline .call").count() == 0
    page.mouse.move(5, 5)
    eventually(lambda: page.locator(".timeline .kin").count() == 0)


def test_columns_of_a_timeline_lead_closer(watched: Watched, monkeypatch: Any) -> None:
    monkeypatch.setattr(spans, "LIMIT", 5)
    page = watched.open("/timeline?range=1h")
    box = page.locator(".lanes").bounding_box()
    with page.expect_navigation():
        page.mouse.click(box["x"] + box["width"] - 4, box["y"] + 30)
    assert "from=" in page.url
    assert "range=" not in page.url
