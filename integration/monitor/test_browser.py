"""What only a browser can tell: that nothing runs which should not, that pages live, and that everybody can read."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from pynmon import MonitorSettings, create_monitor_app
from pynmon.timeline import lanes

from .conftest import OTHER_LOOKS, Watched, eventually, for_everybody, running, served

PAGES = [
    "/",
    "/invocations",
    "/invocations?status=failed",
    "/invocations?q=status:failed%20-error:KeyError",
    "/invocations?q=stauts:failed",
    "/failures",
    "/failures?q=error:ValueError",
    "/workflows?q=is:final",
    "/workflows?q=stauts:failed",
    "/timeline?range=1h&q=status:failed&lanes=task&colour=task&cut=true",
    "/find?id=zzzz",
    "/schedules",
    "/schedules/pynmon_shop.restock%231",
    "/schedules/pynmon_shop.restock%232",
    "/queues",
    "/system",
    "/tasks",
    "/tasks/pynmon_shop.refuse",
    "/runners",
    "/logs",
    "/workflows",
    "/timeline?range=1h",
    "/nothing",
]


def ids_of(page: Any, task: str) -> list[str]:
    page.goto(
        re.sub(r"/[^/]*$", "", page.url.split("?")[0]) + f"/invocations?task=pynmon_shop.{task}&size=200"
    )
    return [
        link.get_attribute("href") for link in page.locator("tr > td > a.id[href*='/invocations/']").all()
    ]


#: Pages that say what is wrong with the address: browsers complain about them.
WRONG = ("/nothing", "/invocations?q=stauts:failed", "/workflows?q=stauts:failed")


def kind_of_failure(page: Any, address: str) -> str:
    page.goto(address + "/failures")
    return str(page.locator("td a.data").first.get_attribute("href"))


def test_nothing_that_a_task_was_called_with_runs(watched: Watched, address: str) -> None:
    page = watched.open("/invocations")
    paths = [kind_of_failure(page, address), *(path for path in PAGES if path not in WRONG)]
    page = watched.open("/invocations")
    paths += [*ids_of(page, "refuse"), *ids_of(page, "echo")]
    assert len(paths) > 16
    for path in paths:
        page = watched.open(path)
        page.mouse.move(300, 300)
        page.mouse.move(700, 500)
        assert page.evaluate("window.__pwned") is None, path
        assert (
            page.locator("main img, main script, main iframe, [onload], [onerror], [onmouseover]").count()
            == 0
        )
        for link in page.locator("a").all():
            assert not (link.get_attribute("href") or "").startswith("javascript:")


def test_a_window_is_drawn_on_the_strip(chromium: Any, shop: ModuleType) -> None:
    with running(shop):
        for _ in range(2):
            assert shop.echo("a column of its own").wait(30)
            second = int(time.time())
            eventually(lambda: int(time.time()) > second)  # noqa: B023 - asked at once
    # Of two that ended each second is a column.
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
        page.wait_for_url("**ended%3A**")
        assert page.locator(".strip a.chosen").count() == columns.count() == 2
        assert page.locator("tbody tr").count() == 2
        assert watched.complaints == []
        watched.context.close()


def drawn_beside(page: Any) -> str:
    """What the drawer says of the invocation that a page is about."""
    page.locator(".tree .chosen a.id").focus()
    page.keyboard.press("o")
    page.get_by_role("dialog").wait_for()
    assert page.evaluate("window.__pwned") is None
    assert page.locator("dialog img, dialog script, dialog iframe, dialog [onerror]").count() == 0
    return str(page.get_by_role("dialog").inner_text())


def test_hostile_text_is_shown_as_text(watched: Watched, shop: ModuleType) -> None:
    page = watched.open("/invocations")
    shown = ""
    for path in ids_of(page, "refuse"):
        shown += watched.open(path).locator(".error > p").inner_text() + "\n"
        shown += drawn_beside(watched.open(path))
    for text in shop.HOSTILE[:6]:
        assert shown.count(text) >= 2
    assert "⟨U+202E⟩" in shown
    assert "␛" in shown


def test_everybody_can_read_every_page(watched: Watched, address: str) -> None:
    page = watched.open("/invocations")
    run = ids_of(page, "nightly")[0].replace("/invocations/", "/workflows/")
    paths = [*PAGES, ids_of(page, "refuse")[0], ids_of(page, "batch")[0], run]
    for path in [*paths, kind_of_failure(page, address)]:
        for_everybody(watched.open(path), path)
    # Each takes a second: of the others those with most colours.
    for path in ("/", "/timeline?range=1h", "/invocations", run, "/tasks/pynmon_shop.refuse"):
        for_everybody(watched.open(path), path, OTHER_LOOKS)
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    for_everybody(page, "the keys")
    watched.complaints[:] = [one for one in watched.complaints if "404" not in one and "422" not in one]


def test_long_names_make_no_page_wider(watched: Watched, shop: ModuleType) -> None:
    task = shop.reconcile_the_stock_of_every_warehouse_with_what_the_scanners_say_about_it_today
    failed = task("w" * 3000)
    with running(shop):
        assert failed.wait(30)
    query = "?q=task:*.reconcile*"
    paths = ["/", "/tasks", f"/tasks/{task.task_id}", f"/failures{query}", f"/invocations{query}"]
    page = watched.open(f"/failures{query}")
    paths += [page.locator("td a.data").first.get_attribute("href"), f"/timeline{query}&range=1h&view=table"]
    paths += [f"/invocations/{failed.invocation_id}", f"/timeline{query}&range=1h"]
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        for path in paths:
            watched.open(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
    for path in (f"/failures{query}", f"/invocations{query}", "/tasks"):
        watched.open(path)
        for_everybody(page, f"long names on {path}", [("dark", 390)])


def test_a_failure_is_found_from_the_dashboard_in_two_clicks(watched: Watched) -> None:
    page = watched.open("/")
    page.get_by_role("link", name=re.compile("Failed")).click()
    page.locator("a.id").first.click()
    assert "Traceback" in page.locator("pre").first.inner_text()


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
    assert page.evaluate("document.activeElement.title") == held.invocation_id


def test_an_older_page_follows_what_is_looked_at_there(watched: Watched, shop: ModuleType) -> None:
    held = shop.hold()
    [shop.charge(n, 1.0) for n in range(25)]
    page = watched.open("/invocations?q=is:open&size=25")
    page.get_by_role("link", name="Older").click()
    page.locator(f"[id='i-{held.invocation_id}']").get_by_role("button").click()
    status = page.get_by_role("dialog").locator(".status").first
    assert status.inner_text() == "Registered"
    shop.released.set()
    with running(shop):
        eventually(lambda: page.wait_for_timeout(50) or status.inner_text() == "Success")
    page.mouse.click(100, 400)
    page.get_by_role("dialog").wait_for(state="hidden")


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
    # The button lies over some row, which scrolling uncovers.
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


def test_pasted_lines_are_explained(watched: Watched, shop: ModuleType) -> None:
    page = watched.open("/invocations?task=pynmon_shop.refuse")
    name = page.locator("a.id").first.get_attribute("title")
    page = watched.open("/logs")
    page.locator("#text").fill(f"ERROR [invocation:{name}] {shop.HOSTILE[1]}\n{shop.HOSTILE[0]}")
    page.get_by_role("button", name="Explain").click()
    page.wait_for_selector(".log")
    assert "\u240d" not in page.locator("#text").input_value()
    assert page.evaluate("window.__pwned") is None
    assert shop.HOSTILE[0] in page.locator(".log").inner_text()
    page.locator(".log a").first.click()
    assert "Traceback" in page.locator("pre").first.inner_text()


def test_keys_lead_through_the_pages(watched: Watched) -> None:
    page = watched.open("/")
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url("**/tasks")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("gi")
    assert page.url.endswith("/tasks")


def test_everything_is_gone_to_by_name(watched: Watched) -> None:
    name = "<img src=x onerror=window.__pwned=7>"
    page = watched.open("/invocations?q=status:failed&size=25")
    chosen = page.locator("#palette [aria-selected=true]")
    invocation = page.locator("tbody a.id").first.get_attribute("title")
    page.click("#saved > summary")
    page.fill("#saved input", name)
    page.press("#saved input", "Enter")
    wanted = (
        ("page", "failures", "**/failures"),
        ("task", "shop.refuse", "**/tasks/pynmon_shop.refuse"),
        ("view", "onerror=", "**/invocations?q=status%3Afailed&size=25"),
        ("id", invocation[-10:], f"**/invocations/{invocation}"),
    )
    for kind, typed, address in wanted:
        watched.open("/runners")
        page.locator("#find").focus()
        page.keyboard.press("Control+k")
        page.get_by_role("dialog").wait_for()
        page.keyboard.type(typed)
        chosen.filter(has=page.get_by_text(kind, exact=True)).wait_for()
        assert page.locator("#palette img").count() == 0
        page.keyboard.press("Enter")
        page.wait_for_url(address)
    assert page.evaluate("window.__pwned") is None
    page.keyboard.press("Meta+k")
    page.keyboard.type("no such thing, nowhere")
    assert page.locator("#palette li").all_inner_texts() == ["Invocation no such thing, nowhere\nid"]
    page.locator("#palette input").fill("")
    first = chosen.inner_text()
    for key in ("ArrowUp", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert chosen.inner_text() != first
    for_everybody(page, "the palette")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_keys_walk_through_lists_and_are_explained(watched: Watched) -> None:
    page = watched.open("/invocations?size=25")
    links = [link.get_attribute("href") for link in page.locator("tbody a.id[href*='/invocations/']").all()]
    for key in "jjjk":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.getAttribute('href')") == links[1]
    page.keyboard.press("Enter")
    page.wait_for_url("**" + links[1])
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    assert page.url.endswith(links[1])
    page = watched.open("/invocations?size=25")
    page.keyboard.press("]")
    page.wait_for_url("**cursor=**")
    page.keyboard.press("[")
    page.wait_for_url(lambda url: "cursor" not in url)


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


def test_a_theme_lasts(watched: Watched) -> None:
    page = watched.open("/")
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page = watched.open("/tasks")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(11, 15, 20)"


#: What says when, as text and where one points, but for what is in UTC for everybody, as its column says.
LABELS = """() => [...document.querySelectorAll("time, .tick, figcaption, title, main [aria-label]")]
.filter((one) => !one.closest(".utc")).flatMap((one) =>
  [one.matches("[aria-label]") ? "" : one.textContent, one.getAttribute("title"), one.getAttribute("aria-label")]
).filter((text) => /\\d\\d:\\d\\d:\\d\\d| ago\\b|\u2212\\d/.test(text ?? ""))"""


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


def test_pages_work_without_scripts(chromium: Any, address: str) -> None:
    watched = Watched(chromium, address, java_script_enabled=False)
    page = watched.open("/invocations")
    page.locator(".filters summary").click()
    page.get_by_role("checkbox", name="Failed").check()
    page.get_by_role("button", name="Show").click()
    assert "status=failed" in page.url
    page.locator("a.id").first.click()
    assert "Traceback" in page.locator("pre").first.inner_text()
    watched.context.close()


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
