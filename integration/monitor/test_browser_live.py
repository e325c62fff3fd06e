"""Open pages follow the work, and stand still where somebody reads."""

from __future__ import annotations

from types import ModuleType

from .conftest import Watched, eventually, for_everybody, running


def test_an_open_page_follows_the_work(watched: Watched, shop: ModuleType) -> None:
    held = shop.hold()
    page = watched.open(f"/invocations/{held.invocation_id}")
    status = page.locator(".head .status")
    assert status.inner_text() == "Registered"
    page.evaluate("window.__stayed = true")
    shop.released.clear()
    with running(shop):
        eventually(lambda: page.wait_for_timeout(50) or status.inner_text() == "Running")
        shop.released.set()
        eventually(lambda: page.wait_for_timeout(50) or status.inner_text() == "Success")
    assert page.evaluate("window.__stayed"), "the page was loaded again"
    assert '"released"' in page.locator("#content").inner_text()


def test_an_invocation_is_looked_at_beside_the_list(watched: Watched, shop: ModuleType) -> None:
    held = shop.hold()
    page = watched.open("/invocations?task=pynmon_shop.hold&size=25")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    drawer, row = page.get_by_role("dialog"), page.locator(f"[id='i-{held.invocation_id}']")
    row.locator("a.id").focus()
    page.keyboard.press("o")
    drawer.wait_for()
    status = drawer.locator(".status").first
    assert status.inner_text() == "Registered"
    shop.released.clear()
    with running(shop):
        eventually(lambda: page.wait_for_timeout(50) or status.inner_text() == "Running")
        # The focus stays inside.
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate("!document.querySelector('main').contains(document.activeElement)")
        shop.released.set()
        eventually(lambda: page.wait_for_timeout(50) or status.inner_text() == "Success")
        assert '"released"' in drawer.inner_text()
        # What is over is not asked for again, though the list goes on.
        eventually(lambda: page.wait_for_timeout(50) or row.locator(".status").inner_text() == "Success")
        asked.clear()
        other = shop.hold()
        eventually(
            lambda: page.wait_for_timeout(50) or page.locator(f"[id='i-{other.invocation_id}']").count()
        )
        assert asked
        assert not [one for one in asked if one.endswith("/peek")]
    for_everybody(page, "a drawer")
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.pathname") == f"/invocations/{held.invocation_id}"


def test_an_older_page_follows_what_is_looked_at_there(watched: Watched, shop: ModuleType) -> None:
    held = shop.hold()
    [shop.charge(n, 1.0) for n in range(25)]
    page = watched.open("/invocations?q=is:open&size=25")
    page.get_by_role("link", name="Older").click()
    line = page.locator(f"[id='i-{held.invocation_id}']")
    line.wait_for()
    page.wait_for_load_state()  # before that the button does nothing
    line.get_by_role("button").click()
    status = page.get_by_role("dialog").locator(".status").first
    assert status.inner_text() == "Registered"
    shop.released.set()
    with running(shop):
        eventually(lambda: page.wait_for_timeout(50) or status.inner_text() == "Success")
    page.mouse.click(100, 400)
    page.get_by_role("dialog").wait_for(state="hidden")


def test_rows_stay_where_they_are_read_and_it_is_said_how_many_came(
    watched: Watched, shop: ModuleType
) -> None:
    page = watched.open("/invocations?size=50")
    eventually(lambda: page.wait_for_timeout(50) or page.locator("#live-word").inner_text() == "live")
    page.get_by_label("Query").fill("half a que")
    page.evaluate("window.scrollTo(0, 500)")
    first, newer = page.locator("tbody tr").first, page.locator("#newer")
    before = first.get_attribute("id")
    came = [shop.charge(n, 1.0) for n in range(2)]
    page.get_by_role("button", name="2 newer", exact=True).wait_for()
    came.append(shop.charge(3, 1.0))
    page.get_by_role("button", name="3 newer", exact=True).wait_for()
    assert first.get_attribute("id") == before
    assert page.evaluate("window.scrollY") == 500
    assert page.get_by_label("Query").input_value() == "half a que"
    assert page.evaluate("document.activeElement.name") == "q"
    # It has a band of its own: nothing shines through, and what is half below it is uncovered by scrolling.
    band = page.locator(".newer").bounding_box()
    assert (
        page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).className",
            [band["x"] + 8, band["y"] + band["height"] / 2],
        )
        == "newer"
    )
    assert (
        page.locator(".newer").evaluate("one => getComputedStyle(one).backgroundColor") != "rgba(0, 0, 0, 0)"
    )
    for_everybody(page, "a list that stands still", [("dark", 1440)], but=["target-size"])
    newer.click()
    newer.wait_for(state="hidden")
    assert first.get_attribute("id") == f"i-{came[-1].invocation_id}"
    for one in came:
        one.cancel()


def test_a_paused_page_stands_still(watched: Watched, shop: ModuleType) -> None:
    page = watched.open("/invocations?task=pynmon_shop.echo")
    eventually(lambda: page.wait_for_timeout(50) or page.locator("#live-word").inner_text() == "live")
    before = page.locator(".count").inner_text()
    page.keyboard.press("p")
    assert page.locator("#live-word").inner_text() == "paused"
    shop.echo("while paused")
    page.wait_for_timeout(1500)  # as long as three refreshes: nothing may happen
    assert page.locator(".count").inner_text() == before
    page.keyboard.press("p")
    eventually(lambda: page.wait_for_timeout(50) or page.locator(".count").inner_text() != before)
