"""Forms, keys and logins of an operator, in a browser."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI

from pynenc.values.status import InvocationStatus

from .conftest import Watched, eventually
from .test_operator import SECRET, becomes, log_in, monitor_of_an_operator


@pytest.fixture(scope="module")
def monitor(shop: ModuleType) -> FastAPI:
    return monitor_of_an_operator(shop)


def test_a_form_is_not_closed_by_an_update(watched: Watched, shop: ModuleType) -> None:
    waiting = shop.charge(1, 1.0)
    page = log_in(watched, f"/invocations/{waiting.invocation_id}")
    page.get_by_text("Cancel…").click()
    page.get_by_label("Reason").fill("a mistake")
    page.evaluate("document.activeElement.blur()")
    other = shop.charge(2, 1.0)
    page.wait_for_timeout(1500)  # as long as three refreshes: nothing may happen
    other.cancel()
    assert page.get_by_label("Reason").input_value() == "a mistake"
    page.get_by_role("button", name="Cancel it for good").click()
    becomes(page, "Cancelled")
    assert waiting.status is InvocationStatus.CANCELLED
    assert "by olga: a mistake" in page.locator("#content").inner_text()


def test_a_form_is_not_closed_by_an_answer_that_was_on_its_way(watched: Watched, shop: ModuleType) -> None:
    waiting = shop.charge(1, 1.0)
    page = log_in(watched, f"/invocations/{waiting.invocation_id}")
    held: list[Any] = []
    # The page asks for itself, and the answer comes once the form is open.
    watched.context.route(f"**/{waiting.invocation_id}", lambda route: held.append(route))  # noqa: PLW0108
    other = shop.charge(2, 1.0)
    eventually(lambda: page.wait_for_timeout(20) or held)
    page.get_by_text("Cancel…").click()
    with page.expect_response("**/invocations/*") as answer:
        for one in held:
            one.continue_()
    answer.value.finished()
    page.wait_for_timeout(200)  # it is put into the page in its own time, or not at all
    assert page.get_by_label("Reason").is_visible()
    watched.context.unroute_all()
    waiting.cancel()
    other.cancel()


def test_keys_choose_lines(watched: Watched, shop: ModuleType) -> None:
    waiting = [shop.charge(n, 1.0) for n in range(3)]
    log_in(watched)
    page = watched.open("/invocations?q=is:open")
    for key in "jxjjx":
        page.keyboard.press(key)
    boxes = [box.is_checked() for box in page.locator(".pick").all()]
    assert boxes == [True, False, True]
    page.keyboard.press("k")
    page.keyboard.press("x")
    assert page.locator(".pick:checked").count() == 3
    for one in waiting:
        one.cancel()


def test_hostile_text_in_the_audit_is_text(watched: Watched, shop: ModuleType) -> None:
    page = log_in(watched)
    for text in shop.HOSTILE:
        waiting = shop.charge(1, 1.0)
        page = watched.open(f"/invocations/{waiting.invocation_id}")
        page.get_by_text("Cancel…").click()
        page.get_by_label("Reason").fill(text)
        page.get_by_role("button", name="Cancel it for good").click()
        becomes(page, "Cancelled")
        assert page.evaluate("window.__pwned") is None
    page = watched.open("/audit")
    page.mouse.move(700, 300)
    assert page.evaluate("window.__pwned") is None
    assert page.locator("main img, main script, main iframe, [onload], [onerror], [onmouseover]").count() == 0
    assert shop.HOSTILE[0] in page.locator("main").inner_text()


def test_a_link_logs_in_and_leaves_its_secret_nowhere(watched: Watched) -> None:
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    page = watched.open(f"/login?next=/tasks#t={SECRET}")
    page.wait_for_url("**/tasks")
    assert page.locator("h1").inner_text() == "Tasks"
    page.go_back()
    assert SECRET not in page.url
    assert all(SECRET not in url.partition("#")[0] for url in asked)


def test_logging_out_and_a_wrong_token(watched: Watched) -> None:
    page = log_in(watched, "/tasks")
    assert page.url.endswith("/tasks")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.get_by_label("Your access token").fill("not this one")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("alert").wait_for()
    page = watched.open("/tasks")
    assert "/login?next=" in page.url
    # A browser complains of the answer to a wrong token.
    watched.complaints[:] = [one for one in watched.complaints if "401" not in one]


def test_an_open_page_of_an_ended_session_leads_to_the_login(watched: Watched, shop: ModuleType) -> None:
    page = log_in(watched, "/invocations?size=25")
    eventually(lambda: page.wait_for_timeout(50) or page.locator("#live-word").inner_text() == "live")
    watched.context.clear_cookies()
    waiting = shop.charge(1, 1.0)
    page.wait_for_url("**/login?next=*")
    page.get_by_label("Your access token").fill(SECRET)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/invocations?size=25")
    waiting.cancel()
    watched.complaints[:] = [one for one in watched.complaints if "401" not in one]
