"""What only a browser can tell: that nothing runs which should not, that pages live, and that everybody can read."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest

from .conftest import LOOKS, OTHER_LOOKS, Watched, for_everybody, ids_of, running

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
    "/timeline?range=1h&q=status:failed&lanes=task&colour=task&cut=true&longer=1ms"
    "&pin=%22%3E%3Cimg%20src=x%20onerror=window.__pwned=9%3E,pynmon_shop.refuse&fold=pynmon_shop.refuse",
    "/find?id=zzzz",
    "/schedules",
    "/schedules/pynmon_shop.restock%231",
    "/schedules/pynmon_shop.restock%232",
    "/queues",
    "/system",
    "/tasks?by=module",
    "/tasks/pynmon_shop.refuse",
    "/runners",
    "/logs",
    "/workflows",
    "/timeline?range=1h",
    "/nothing",
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
        assert page.locator("a[href^='javascript:' i]").count() == 0


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
        shown += watched.open(path).locator(".error > p.data").inner_text() + "\n"
        shown += drawn_beside(watched.open(path))
    for text in shop.HOSTILE[:6]:
        assert shown.count(text) >= 2
    assert "⟨U+202E⟩" in shown
    assert "␛" in shown


#: Those with most colours, which are looked at in every theme at every width.
COLOURFUL = ("/", "/timeline?range=1h", "/invocations", "/tasks/pynmon_shop.refuse")


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_read_every_page(watched: Watched, path: str) -> None:
    page = watched.open(path)
    for_everybody(page, path, LOOKS + OTHER_LOOKS if path in COLOURFUL else LOOKS)
    if path in WRONG:
        watched.complaints[:] = [one for one in watched.complaints if "404" not in one and "422" not in one]


def test_everybody_can_read_about_one_of_each(watched: Watched, address: str) -> None:
    page = watched.open("/invocations")
    run = ids_of(page, "nightly")[0].replace("/invocations/", "/workflows/")
    for path in (ids_of(page, "refuse")[0], ids_of(page, "batch")[0], kind_of_failure(page, address)):
        for_everybody(watched.open(path), path)
    for_everybody(watched.open(run), run, LOOKS + OTHER_LOOKS)
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    for_everybody(page, "the keys")


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
    page.get_by_role("link", name=re.compile(r"^\d+ Failed")).click()
    page.locator("a.id").first.click()
    assert "Traceback" in page.locator("pre").first.inner_text()


def test_pages_work_without_scripts(chromium: Any, address: str) -> None:
    watched = Watched(chromium, address, java_script_enabled=False)
    page = watched.open("/invocations")
    page.locator(".filters summary").click()
    page.get_by_role("checkbox", name="Failed").check()
    page.get_by_role("button", name="Show").click()
    assert "status=failed" in page.url
    page.locator("a.id").first.click()
    assert "Traceback" in page.locator("pre").first.inner_text()
    watched.open("/timeline?range=1h").locator(".overview a").last.click()
    assert "begin=" in page.url
    assert page.locator(".brush").count() == 1
    # What Playwright takes for the one under the pointer is the ground behind a link that is a part of a text.
    page.locator("a.toggle").first.click(force=True)
    page.wait_for_url("**pin=*")
    watched.context.close()
