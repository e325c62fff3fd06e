"""What nobody may take away from whoever uses a page: what they type, where they read, and a table in one look."""

from __future__ import annotations

from types import ModuleType

import pytest

from .conftest import Watched, eventually, for_everybody, running


def test_half_of_a_date_survives_what_happens(watched: Watched, shop: ModuleType) -> None:
    page = watched.open("/invocations?size=25")
    eventually(lambda: page.wait_for_timeout(50) or page.locator("#live-word").inner_text() == "live")
    page.evaluate("document.addEventListener('held', () => { window.held = true; })")
    field = page.get_by_label("Registered before")
    field.focus()
    page.keyboard.type("01")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    came = shop.charge(1, 1.0)
    eventually(lambda: page.wait_for_timeout(50) or page.evaluate("window.held"))
    assert field.evaluate("one => one.validity.badInput")
    # Once it is taken back, the list goes on.
    field.evaluate("one => { one.value = ''; one.dispatchEvent(new Event('change', { bubbles: true })); }")
    page.locator(f"[id='i-{came.invocation_id}']").wait_for()
    came.cancel()


def test_runners_are_seen_in_one_look(watched: Watched, shop: ModuleType) -> None:
    with running(shop):
        page = watched.open("/runners")
        page.set_viewport_size({"width": 1280, "height": 800})
        tables = page.locator("main .scroll")
        assert tables.count() >= 1
        for table in tables.all():
            assert table.evaluate("one => one.scrollWidth - one.clientWidth") == 0
        for_everybody(page, "runners on a small screen", [("light", 1280)])


LONGEST = """() => {
  for (const one of document.querySelectorAll(".records td .status")) {
    one.textContent = "Recovering (running)";
    one.className = "status st-running-recovery";
  }
  for (const one of document.querySelectorAll("td .task b")) one.textContent = "reconcile_all_accounts_of_every_branch";
}"""


@pytest.mark.parametrize("path", ["/invocations", "/tasks", "/schedules", "/queues", "/failures?range=7d"])
def test_lists_of_long_words_are_seen_in_one_look(watched: Watched, path: str) -> None:
    # What is written into the page stays there.
    watched.page.add_init_script("localStorage.setItem('pynmon-paused', 'yes')")
    page = watched.open(path)
    page.evaluate(LONGEST)
    tables = page.locator("main .scroll")
    assert tables.count() >= 1
    for width in (1280, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        for table in tables.all():
            assert table.evaluate("one => one.scrollWidth - one.clientWidth") == 0, width
