"""What people do from beginning to end, as far as no other file has it.

By the numbers of the specification of the monitor: F1, F19, F20, F23 and F27 are here. The others:

- F2 ``test_a_failure_is_found_from_the_dashboard_in_two_clicks``, ``test_a_failure_is_found_understood_and_run_again``
- F3 ``test_a_query_is_typed_shared_and_paged``
- F4 ``test_rows_stay_where_they_are_read_and_it_is_said_how_many_came``, ``test_keys_choose_lines``
- F5 ``test_an_invocation_is_looked_at_beside_the_list``
- F6 ``test_a_failure_is_found_understood_and_run_again``, ``test_a_call_is_made_again_once_for_each_form``
- F7 ``test_what_is_open_is_not_made_again_but_cancelled``: what waits is cancelled, too
- F8 ``test_many_are_cancelled_by_a_query``, ``test_a_job_is_stopped_between_two_steps_and_is_the_only_one``
- F9 ``test_a_window_is_drawn_on_the_timeline_and_told_about``, ``test_keys_move_the_window_of_a_timeline``
- F10 ``test_the_timeline_shows_what_overlaps_its_window``
- F11 ``test_a_timeline_of_too_much_shows_how_busy_runners_were_and_every_failure``
- F12 ``test_a_family_is_marked_on_all_lanes``
- F13 ``test_what_failed_deep_in_a_large_workflow_is_seen``
- F14 ``test_a_runner_dies_and_what_it_had_goes_on_elsewhere``
- F15 ``test_two_thousand_lines_and_their_timeline_have_one_cursor``
- F16 ``test_an_address_leads_to_a_line_once_the_lines_are_there``
- F17 ``test_times_ahead_are_shown_by_the_clocks_that_they_are_written_for``
- F18 ``test_times_are_those_of_the_chosen_zone_on_every_page``
- F21 ``test_controls_are_there_for_those_who_may_use_them``, ``test_a_role_reaches_what_the_table_says``
- F22 ``test_an_open_page_says_since_when_it_is_old_and_recovers_alone``
- F24 ``test_a_large_value_is_shown_by_its_beginning_and_given_whole``, ``test_digits_come_out_as_they_went_in``
- F25 ``test_two_tabs_show_two_apps``
- F26 ``test_a_small_screen_has_four_items_at_its_bottom``, ``test_everybody_can_read_every_page``
"""

from __future__ import annotations

import re
from types import ModuleType, SimpleNamespace
from typing import Any

from fastapi import FastAPI

from pynenc import PynencBuilder
from pynmon import AccessToken, MonitorSettings, Role, create_monitor_app

from .conftest import Watched, eventually, running, served

SECRET = "an-operator-of-these-flows"


def first_task() -> str:
    return "done"


def is_live(page: Any) -> None:
    eventually(lambda: page.wait_for_timeout(50) or page.locator("#live-word").inner_text() == "live")


def test_the_first_run_of_an_app_is_seen_without_loading_again(chromium: Any) -> None:
    """F1."""
    app = PynencBuilder().app_id("new").memory().thread_runner(1, 1).build()
    task = app.task(first_task)
    settings = MonitorSettings(refresh_seconds=0.1, requests_per_second=0)
    with served(create_monitor_app(app, settings)) as address:
        watched = Watched(chromium, address)
        page = watched.open("/")
        checklist = page.get_by_role("heading", name="Nothing has been called yet")
        assert checklist.is_visible()
        assert "pynenc --app my.module runner start" in page.locator("main").inner_text()
        is_live(page)
        page.evaluate("window.__stayed = true")
        with running(SimpleNamespace(app=app)):
            assert task().get(30) == "done"
            page.get_by_role("link", name=re.compile("^1 Success")).wait_for()
            checklist.wait_for(state="detached")
        assert page.evaluate("window.__stayed"), "the page was loaded again"
        assert watched.complaints == []
        watched.context.close()
    app.close()


def test_pictures_have_edges_in_colours_that_are_forced(watched: Watched) -> None:
    """F19; what a theme does is told in ``test_browser_settings``."""
    page = watched.open("/timeline?range=1h")
    page.emulate_media(forced_colors="active")
    bars = page.locator(".lanes .fill")
    assert bars.count() >= 1
    seen = bars.first.evaluate(
        "one => { const style = getComputedStyle(one);"
        " return [style.fill, style.stroke, getComputedStyle(document.body).backgroundColor]; }"
    )
    assert seen[0] != seen[2] or seen[1] not in ("none", seen[2]), seen
    page = watched.open("/")
    assert page.locator(".tile").first.evaluate("one => getComputedStyle(one).color") != page.evaluate(
        "getComputedStyle(document.body).backgroundColor"
    )


def test_a_failure_is_run_again_by_keys_alone(chromium: Any, shop: ModuleType) -> None:
    """F20."""
    tokens = (AccessToken.of(Role.OPERATOR, "olga", SECRET),)
    settings = MonitorSettings(tokens=tokens, read_only=False, requests_per_second=0)
    with served(create_monitor_app(shop.app, settings)) as address:
        watched = Watched(chromium, address)
        page = watched.open("/")
        page.get_by_label("Your access token").focus()
        page.keyboard.type(SECRET)
        page.keyboard.press("Enter")
        page.wait_for_selector("#side", state="attached")
        # Keys are heard once the scripts of the page have run.
        page.wait_for_load_state()
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/invocations")
        page.wait_for_load_state()
        page.keyboard.press("/")
        page.keyboard.type("status:failed task:*.refuse")
        page.keyboard.press("Enter")
        page.wait_for_url("**/invocations?q=status*")
        page.wait_for_load_state()
        page.keyboard.press("j")
        failed = page.evaluate("document.activeElement.getAttribute('href')")
        page.keyboard.press("Enter")
        page.wait_for_url("**" + failed)
        page.wait_for_load_state()
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Run again":
                break
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/invocations/" in url and not url.endswith((failed, "rerun")))
        again = page.url.rpartition("/")[2]
        assert page.get_by_text("Repeats").is_visible()
        # And back to the list, as it was.
        page.go_back()
        page.go_back()
        assert "q=status" in page.url
        assert watched.complaints == []
        watched.context.close()
    shop.app.get_invocation(again).cancel()


#: What a browser tells a page that nobody sees.
HIDE = (
    "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
    "document.dispatchEvent(new Event('visibilitychange'));"
)


def test_seven_tabs_of_one_browser_are_all_served(watched: Watched, monitor: FastAPI) -> None:
    """F23: a browser has six connections to a server of HTTP/1.1, and each open stream needs one."""
    tabs = [watched.open("/invocations")]
    for _ in range(6):
        is_live(tabs[-1])
        tabs[-1].evaluate(HIDE)
        tabs.append(watched.context.new_page())
        tabs[-1].goto(watched.address + "/invocations", wait_until="load")
    is_live(tabs[-1])
    assert all(tab.locator("tbody tr").count() for tab in tabs)
    eventually(lambda: tabs[-1].wait_for_timeout(50) or monitor.state.live.streams == 1)


def test_a_monitor_inside_of_another_app_follows_the_work(chromium: Any, shop: ModuleType) -> None:
    """F27."""
    host = FastAPI()
    settings = MonitorSettings(refresh_seconds=0.1, requests_per_second=0)
    host.mount("/ops", create_monitor_app(shop.app, settings))
    with served(host) as address:
        watched = Watched(chromium, address)
        page = watched.open("/ops/")
        is_live(page)
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/ops/invocations")
        is_live(page)
        came = shop.charge(1, 1.0)
        page.locator(f"[id='i-{came.invocation_id}']").locator("a.id").first.click()
        page.wait_for_url(f"**/ops/invocations/{came.invocation_id}")
        came.cancel()
        assert watched.complaints == []
        watched.context.close()
