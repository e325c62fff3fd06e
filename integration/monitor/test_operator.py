"""An operator at work, in a browser, on one store after the other."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI

from pynenc.values.status import InvocationStatus
from pynmon import AccessToken, MonitorSettings, Role, create_monitor_app

from .conftest import Watched, eventually, running, settings_on

SECRET = "an-operator-of-this-test"
#: The page of a bulk action.
JOB = re.compile("/bulk/[0-9a-f]{12}$")


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def store_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """One store after the other."""
    return settings_on(request.param, tmp_path_factory.mktemp("shop"))


def monitor_of_an_operator(shop: ModuleType) -> FastAPI:
    tokens = (AccessToken.of(Role.OPERATOR, "olga", SECRET),)
    return create_monitor_app(shop.app, MonitorSettings(tokens=tokens, read_only=False, refresh_seconds=0.1))


@pytest.fixture(scope="module")
def monitor(shop: ModuleType) -> FastAPI:
    return monitor_of_an_operator(shop)


def log_in(watched: Watched, path: str = "/") -> Any:
    page = watched.open(path)
    page.get_by_label("Your access token").fill(SECRET)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector("#side", state="attached")
    return page


def becomes(page: Any, word: str) -> None:
    status = page.locator(".head .status")
    eventually(lambda: page.wait_for_timeout(50) or status.inner_text() == word)


def test_a_failure_is_found_understood_and_run_again(watched: Watched, shop: ModuleType) -> None:
    shop.stocked.clear()
    with running(shop):
        assert shop.order("lamp").get(30) == "later"
    page = log_in(watched)
    # Three clicks from the dashboard to the failed one's family on the timeline.
    page.get_by_role("link", name=re.compile(r"^\d+ Failed")).click()
    page.wait_for_url("**/invocations?*")  # the dashboard has lists, too
    page.locator("tr", has_text="deliver").first.locator("a.id").first.click()
    page.wait_for_url("**/invocations/*")
    assert "no lamp in stock" in page.locator("pre").first.inner_text()
    page.get_by_role("link", name="On the timeline").click()
    page.wait_for_url(re.compile("/timeline"))  # both pages have pictures with bars
    bars = page.locator("svg a", has=page.locator(".bar"))
    titles = bars.locator("title").all_text_contents()
    assert any(title.startswith("pynmon_shop.order: ") for title in titles)
    assert all(title.startswith(("pynmon_shop.order: ", "pynmon_shop.deliver: ")) for title in titles)
    page.get_by_role("link", name="pynmon_shop.deliver: Failed").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/invocations/*")
    failed = page.url.rpartition("/")[2]
    shop.stocked.set()
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: not url.endswith(failed) and not url.endswith("rerun"))
    becomes(page, "Registered")
    page.evaluate("window.__stayed = true")
    with running(shop):
        becomes(page, "Success")
    assert page.evaluate("window.__stayed"), "the page was loaded again"
    assert '"one lamp"' in page.locator("#content").inner_text()
    page.get_by_role("link", name="Audit").click()
    row = page.locator("tbody tr").first.inner_text()
    assert "olga" in row
    assert "rerun" in row
    assert failed in row


def test_what_would_come_by_itself_is_done_now(watched: Watched, shop: ModuleType) -> None:
    with running(shop):
        waiting = shop.patient(shop.HOSTILE[1])
        eventually(lambda: waiting.record.status is InvocationStatus.RETRY)
        page = log_in(watched, f"/invocations/{waiting.invocation_id}")
        page.get_by_role("button", name="Try again now").click()
        becomes(page, "Success")
        assert "by olga" in page.locator("#content").inner_text()
        assert page.evaluate("window.__pwned") is None
        trigger = shop.app.trigger.list_triggers()[0]
        before = len(shop.app.trigger.list_runs(trigger.trigger_id))
        page = watched.open("/schedules")
        page.locator("tbody a", has_text=trigger.trigger_id).first.click()
        page.get_by_role("button", name="Run now").click()
        rows = page.locator("tbody tr")
        eventually(lambda: page.wait_for_timeout(50) or rows.count() > before)
        assert page.evaluate("window.__pwned") is None


def test_a_runner_ends_when_it_has_finished_what_it_has(watched: Watched, shop: ModuleType) -> None:
    with running(shop):
        page = log_in(watched, f"/runners/{shop.app.runner.runner_id}")
        page.get_by_text("Take nothing more…").click()
        page.get_by_role("button", name="Have it take nothing more").click()
        page.get_by_text("takes nothing more").wait_for()
        eventually(lambda: not shop.app.runner.running)
        page.reload()
        becomes(page, "stopped")


def test_many_are_cancelled_by_a_query(watched: Watched, shop: ModuleType) -> None:
    waiting = list(shop.echo.parallelize([(text,) for text in shop.HOSTILE] * 50))
    page = log_in(watched, "/invocations?q=task:pynmon_shop.echo%20is:open&size=25")
    # A chosen row is not swapped away while others come.
    page.locator(".pick").first.check()
    page.evaluate("document.activeElement.blur()")
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_text("1 chosen invocation").wait_for()
    page.go_back()
    page.locator(".pick").first.uncheck()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("heading", name="Cancel 400 invocations?").wait_for()
    page.get_by_label("Reason").fill(shop.HOSTILE[1])
    page.get_by_label("to go on").fill("399")
    page.get_by_role("button", name="Cancel 400").click()
    page.get_by_text("not confirmed").wait_for()
    page.go_back()
    page.get_by_label("to go on").fill("400")
    page.get_by_role("button", name="Cancel 400").click()
    page.wait_for_url(JOB)
    page.evaluate("window.__stayed = true")
    becomes(page, "done")
    assert page.evaluate("window.__stayed"), "the page was loaded again"
    assert page.evaluate("window.__pwned") is None
    assert "400 of 400 done" in page.locator("h2").first.inner_text()
    assert {one.record.status for one in waiting} == {InvocationStatus.CANCELLED}
    page.get_by_role("link", name="audit", exact=True).click()
    page.wait_for_url("**/audit")
    rows = page.locator("tbody tr").all_inner_texts()
    assert "400 done" in rows[0]
    assert "begun" in rows[1]
    assert page.locator("main img, main script, [onerror]").count() == 0
    # A browser complains of the answer to a wrong number.
    watched.complaints[:] = [one for one in watched.complaints if "409" not in one]


def test_a_kind_of_failure_is_run_again(watched: Watched, shop: ModuleType) -> None:
    page = log_in(watched, "/failures")
    page.locator("td a.data").first.click()
    page.get_by_role("button", name="Run all of them again…").click()
    page.get_by_role("button", name=re.compile("^Run again [0-9]+$")).click()
    page.wait_for_url(JOB)
    becomes(page, "done")
    assert page.locator("tbody tr").count() > 0
    with running(shop):
        eventually(lambda: not shop.app.orchestrator.count_by_status().get(InvocationStatus.REGISTERED))
