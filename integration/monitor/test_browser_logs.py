"""Pasted log lines in a browser: they and their timeline point at each other, and addresses lead to a line."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from playwright.sync_api import expect

from pynmon import Role

from .conftest import Watched, for_everybody, served
from .logins import SECRETS, monitor_of
from .test_logs import monitor_with_links


def explain(page: Any, button: str = "Explain") -> Any:
    """Send what is in the field; the lines that come back."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()
    return page.locator(".log")


def entries(number: int, at: float = 1_769_846_400.0) -> list[str]:
    """Lines a second apart, every tenth of which is an error."""
    return [
        f"{datetime.fromtimestamp(at + n, UTC).isoformat(timespec='milliseconds')} "
        f"{'ERROR' if n % 10 == 0 else 'INFO':<8} pynenc [invocation:{n:08d}] number {n}"
        for n in range(1, number + 1)
    ]


def refused(watched: Watched, shop: ModuleType) -> tuple[str, float]:
    """An invocation that failed, and when it began."""
    page = watched.open("/invocations?task=pynmon_shop.refuse")
    name = page.locator("a.id").first.get_attribute("href").rpartition("/")[2]
    (record,) = shop.app.orchestrator.get_records([name]).values()
    return name, record.started_at


def test_pasted_lines_are_explained(watched: Watched, shop: ModuleType) -> None:
    name, began = refused(watched, shop)
    lines = [
        f"{datetime.fromtimestamp(began, UTC).isoformat()} INFO it\u0027s early",
        f"{datetime.fromtimestamp(began, UTC).isoformat()} ERROR [invocation:{name}] {shop.HOSTILE[1]}",
        shop.HOSTILE[0],
    ]
    page = watched.open("/logs")
    page.locator("#text").fill("\n".join(lines))
    log = explain(page)
    assert "\u240d" not in page.locator("#text").input_value()
    assert page.evaluate("window.__pwned") is None
    assert shop.HOSTILE[0] in log.inner_text()
    # Lines and their timeline point at each other.
    on = page.locator(".log .on .nr")
    log.locator("li", has_text="early").hover()
    expect(on).to_have_text("1")
    expect(page.locator("#when .cursor")).to_have_count(1)
    expect(page.locator("#when g > a.on")).to_have_count(0)
    log.locator(".nr").first.focus()
    page.keyboard.press("j")
    expect(on).to_have_text("2")
    assert page.locator("#when g > a.on").count() >= 1
    box = page.locator("#when .lanes").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 30, box["y"] + 30)
    expect(on).to_have_count(1)
    for_everybody(page, "explained lines")
    explain(page, "errors only")
    assert page.url.endswith("/logs/explain?level=errors")
    expect(log.locator("li")).to_have_count(2)
    log.locator("a[href*=invocations]").first.click()
    assert "Traceback" in page.locator("pre").first.inner_text()


def test_two_thousand_lines_and_their_timeline_have_one_cursor(watched: Watched, shop: ModuleType) -> None:
    name, began = refused(watched, shop)
    lines = [line.replace("00000300", name) for line in entries(2000, began - 300)]
    page = watched.open("/logs")
    # Typing that much takes the browser a minute.
    page.locator("#text").evaluate("(one, text) => { one.value = text; }", "\n".join(lines))
    log = explain(page)
    expect(log.locator("li")).to_have_count(2000)
    # Nothing of what was pasted is in the address.
    assert page.url.endswith("/logs/explain")
    # The cursor follows the line that is hovered ...
    cursor, places = page.locator("#when .cursor"), []
    for number in (1, 300, 2000):
        log.locator(f"[id$='l={number}']").scroll_into_view_if_needed()
        log.locator(f"[id$='l={number}']").hover()
        expect(log.locator(".on .nr")).to_have_text(str(number))
        places.append(float(cursor.get_attribute("x1")))
        # What the line names is marked.
        expect(page.locator("#when g > a.on")).to_have_count(
            page.locator("#when g > a").count() * (number == 300)
        )
    assert places == sorted(set(places))
    # ... and a place on the timeline leads to its line.
    svg = page.locator("#when .lanes")
    svg.scroll_into_view_if_needed()
    box, width = svg.bounding_box(), svg.evaluate("one => one.viewBox.baseVal.width")
    page.mouse.move(box["x"] + places[1] * box["width"] / width, box["y"] + box["height"] - 8)
    expect(log.locator(".on .nr")).to_have_text(re.compile("(29|30)."))
    expect(log.locator(".on")).to_be_in_viewport()
    # Where the timeline is wider than the screen, it is moved to the cursor.
    page.set_viewport_size({"width": 390, "height": 844})
    for number in (2000, 1):
        log.locator(f"[id$='l={number}']").focus()
        frame = page.locator("#when .timeline").bounding_box()
        assert frame["x"] <= cursor.bounding_box()["x"] <= frame["x"] + frame["width"]


def test_an_address_leads_to_a_line_once_the_lines_are_there(
    watched: Watched, chromium: Any, address: str
) -> None:
    lines = entries(30)
    page = watched.open("/logs")
    page.locator("#text").fill("\n".join(lines))
    explain(page)
    log = explain(page, "errors only")
    log.locator(".nr", has_text="20").click()
    shared = page.url.removeprefix(address)
    assert shared == "/logs/explain?level=errors#t=2026-01-31T08:00:20.000Z&l=20"
    # Somebody else has the address, and gets the lines from elsewhere.
    other = Watched(chromium, address)
    page = other.open(shared)
    assert page.url == f"{address}/logs?level=errors#t=2026-01-31T08:00:20.000Z&l=20"
    expect(page.locator("#sought")).to_contain_text("line 20")
    page.locator("#text").fill("\n".join(lines))
    log = explain(page)
    expect(log.locator("li")).to_have_count(3)
    expect(log.locator("[id$='l=20']")).to_be_focused()
    expect(log.locator(".on .nr")).to_have_text("20")
    expect(page.locator("#sought")).to_be_hidden()
    # Where theirs begin elsewhere, the instant tells which line it is.
    page.locator("#text").fill("\n".join(lines[5:]))
    log = explain(page)
    expect(log.locator(".nr", has_text="15")).to_be_focused()
    # A line that is not shown is one click away.
    page = other.open("/logs?level=errors#t=2026-01-31T08:00:07.000Z&l=7")
    page.locator("#text").fill("\n".join(lines))
    explain(page)
    expect(page.locator("#sought")).to_contain_text("not among those that are shown")
    log = explain(page, "Show all lines")
    expect(log.locator("[id$='l=7']")).to_be_focused()
    other.context.close()
    assert other.complaints == []


def test_an_address_leads_to_the_page_that_has_its_line(watched: Watched) -> None:
    page = watched.open("/logs#t=2026-01-31T09:56:40.000Z&l=7000")
    page.locator("#text").evaluate("(one, text) => { one.value = text; }", "\n".join(entries(8000)))
    log = explain(page)
    expect(log.locator("[id$='l=7000']")).to_be_focused()
    expect(page.get_by_role("button", name="Lines before")).to_be_visible()
    assert log.locator("li").count() <= 5000


def test_all_lines_are_reached_however_long_they_are(watched: Watched) -> None:
    page = watched.open("/logs")
    lines = [f"{one} {'so it went on ' * 30}" for one in entries(2000)]
    page.locator("#text").evaluate("(one, text) => { one.value = text; }", "\n".join(lines))
    log, after = explain(page), page.get_by_role("button", name="Lines after")
    reached = log.locator(".nr").all_inner_texts()
    assert len(reached) < 2000
    while after.count():
        reached += explain(page, "Lines after").locator(".nr").all_inner_texts()
    assert reached == [str(number) for number in range(1, 2001)]
    # What is told about a line that is elsewhere leads to the page that it is on.
    page.goto(page.url.partition("?")[0] + "#t=2026-01-31T08:16:40.000Z&l=1000")
    page.locator("#text").evaluate("(one, text) => { one.value = text; }", "\n".join(lines))
    log = explain(page)
    expect(log.locator("[id$='l=1000']")).to_be_focused()


def test_times_and_rows_are_as_somebody_wants_them(watched: Watched) -> None:
    page = watched.open("/logs")
    lines = [*entries(3), "x" * 600]
    page.locator("#text").fill("\n".join(lines))
    log = explain(page)
    third = log.locator("li:has([id$='l=3'])")
    column = "one => getComputedStyle(one, '::before').content"
    assert third.evaluate(column) == "none"
    page.get_by_label("since the first line").check()
    assert third.evaluate(column) == '"+2.000"'
    page.get_by_label("to the line above").check()
    assert third.evaluate(column) == '"+1.000"'
    assert page.url.endswith("/logs/explain?times=delta")
    long = log.locator("li").nth(3)
    height = long.bounding_box()["height"]
    page.get_by_label("long lines in one row").check()
    assert long.bounding_box()["height"] < height / 2
    assert page.url.endswith("/logs/explain?times=delta&wrap=no")
    for_everybody(page, "lines as somebody wants them")
    # So it stays.
    log = explain(page, "errors only")
    assert page.url.endswith("/logs/explain?level=errors&times=delta&wrap=no")
    page = watched.open("/logs?times=relative")
    page.locator("#text").fill("\n".join(lines))
    log = explain(page)
    assert page.url.endswith("/logs/explain?times=relative")
    assert log.locator("li").nth(2).evaluate(column) == '"+2.000"'


def test_a_line_is_copied_and_the_lines_are_a_file(
    watched: Watched, shop: ModuleType, tmp_path: Path
) -> None:
    watched.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.open("/logs")
    lines = [
        *entries(20),
        f"2026-01-31T08:01:00.000+00:00 ERROR    task:pynmon_shop.refuse {shop.HOSTILE[0]}",
    ]
    page.locator("#text").fill("\n".join(lines))
    log = explain(page)
    log.locator("li").nth(20).hover()
    page.get_by_role("button", name="copy", exact=True).click()
    expect(page.get_by_role("button", name="copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == lines[20]
    explain(page, "errors only")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download 3 lines").click()
    started.value.save_as(tmp_path / "lines.log")
    assert (tmp_path / "lines.log").read_text().splitlines() == [lines[9], lines[19], lines[20]]
    # The page is still there.
    expect(log.locator("li")).to_have_count(3)


def test_a_file_is_dropped_and_what_is_too_much_is_said_before_it_is_sent(watched: Watched) -> None:
    page = watched.open("/logs")
    drop = """(form, lines) => {
      const data = new DataTransfer();
      data.items.add(new File([lines], "some.log"));
      form.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    page.locator("#paste").evaluate(drop, "\n".join(entries(4)))
    expect(page.locator("#text")).to_have_value("\n".join(entries(4)))
    log = explain(page)
    expect(log.locator("li")).to_have_count(4)
    page.locator("#paste").evaluate(drop, "x" * 5_000_001)
    expect(page.locator("#text")).to_have_value("\n".join(entries(4)))
    told = "At most 5 MB and 20\u202f000 lines are explained at once."
    assert page.locator("#text").evaluate("one => one.validationMessage") == told
    page.locator("#text").evaluate("(one, text) => { one.value = text; }", "x\n" * 20_001)
    page.locator("#text").dispatch_event("input")
    page.get_by_role("button", name="Explain").click()
    assert page.locator("#text").evaluate("one => one.validationMessage") == told
    assert page.url.endswith("/logs/explain")
    page.locator("#text").fill("\n".join(entries(5)))
    expect(explain(page).locator("li")).to_have_count(5)


def test_an_address_of_a_line_is_no_token(chromium: Any, shop: ModuleType) -> None:
    with served(monitor_of(shop)) as address:
        stranger = Watched(chromium, address)
        page = stranger.open("/logs#t=2026-01-31T08:00:20.000Z&l=20")
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
        expect(page.get_by_label("token")).to_have_value("")
        # It still leads there afterwards.
        page.get_by_label("token").fill(SECRETS[Role.VIEWER])
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/logs#t=2026-01-31T08:00:20.000Z&l=20")
        expect(page.locator("#sought")).to_contain_text("line 20")
        stranger.context.close()
    assert stranger.complaints == []


def test_a_line_that_is_looked_at_leads_to_where_it_is_kept(
    watched: Watched, chromium: Any, shop: ModuleType
) -> None:
    name, _ = refused(watched, shop)
    lines = [
        f"2026-01-31T08:00:00Z ERROR {shop.HOSTILE[0]} [invocation:{name}] no",
        "Traceback",
        f"2026-01-31T08:05:00Z INFO [invocation:{name}] again",
    ]
    with served(monitor_with_links(shop)) as address:
        other = Watched(chromium, address)
        page = other.open("/logs")
        page.locator("#text").fill("\n".join(lines))
        log = explain(page)
        out = log.get_by_role("link", name="log \u2197")
        expect(out).to_have_count(0)
        log.locator("li", has_text="Traceback").hover()
        expect(log.locator(".on .nr")).to_have_text("2")
        expect(out).to_have_count(0)
        for text, since, until in (("no", "07:59:00", "08:01:00"), ("again", "08:04:00", "08:06:00")):
            # By keys as well as with a pointer.
            log.locator("li", has_text=text).get_by_role("link", name=name).focus()
            around = [f"2026-01-31T{at}.000Z".replace(":", "%3A") for at in (since, until)]
            to = f"https://logs.example.org/pynmon_shop.refuse?q={name}&from={around[0]}&to={around[1]}"
            expect(out).to_have_attribute("href", to)
        for_everybody(page, "lines that lead elsewhere")
        other.context.close()
    assert other.complaints == []


def test_lines_are_explained_without_scripts(chromium: Any, address: str) -> None:
    plain = Watched(chromium, address, java_script_enabled=False)
    page = plain.open("/logs")
    page.locator("#text").fill("\n".join(entries(20)))
    log = explain(page)
    page.get_by_label("to the line above").check()
    page.get_by_label("long lines in one row").check()
    log = explain(page, "errors only")
    expect(log.locator("li")).to_have_count(2)
    expect(page.get_by_label("to the line above")).to_be_checked()
    expect(page.get_by_label("long lines in one row")).to_be_checked()
    plain.context.close()
    assert plain.complaints == []
