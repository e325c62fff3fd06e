"""The dashboard is made of parts, of which an open page is sent those that are not as it has them."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from pynmon import create_monitor_app
from pynmon.presentation.parts import Parts

from .conftest import Watched, eventually, running

#: Bytes of what is sent to an open page.
MOST = 10_000
PART = re.compile(r'<section id="part-(\w+)"[^>]* data-part="([^"]+)"')
#: Charts and lists follow after some seconds.
SLOW = {"ended", "lately", "failures", "next", "components"}
ALL = SLOW | {"health", "beginning", "outcome", "now"}


def again(client: TestClient, had: dict[str, str]) -> str:
    """What an open page is sent that has these parts."""
    tokens = " ".join(f"{name}={token}" for name, token in had.items())
    response = client.get("/", headers={"HX-Request": "true", "X-Parts": tokens})
    assert response.status_code == 200
    return str(response.text)


def test_an_open_page_is_sent_what_changed(shop: ModuleType, client: TestClient) -> None:
    had = dict(PART.findall(client.get("/").text))
    assert had.keys() == ALL
    with running(shop):
        assert shop.echo("a part").wait(30)
    sent: dict[str, str] = {}

    def is_told() -> bool:
        nonlocal sent
        text = again(client, had)
        sent = dict(PART.findall(text))
        assert text.count('hx-swap-oob="morph"') == len(sent)
        return "now" in sent

    eventually(is_told)
    # What is there already is not sent, also when nothing else is.
    assert "now" not in dict(PART.findall(again(client, {**had, **sent})))


def test_an_open_page_is_sent_little(shop: ModuleType) -> None:
    client = TestClient(create_monitor_app(shop.app), base_url="http://localhost")

    def update() -> str:
        return again(client, dict(PART.findall(client.get("/").text)))

    # Between two looks a pace may be over.
    eventually(lambda: not SLOW & dict(PART.findall(update())).keys() and len(update()) <= MOST)


def test_who_has_nothing_is_sent_everything_in_small_parts(client: TestClient) -> None:
    text = again(client, {})
    assert dict(PART.findall(text)).keys() == ALL
    assert 'id="content"' not in text
    assert all(len(one.encode()) <= MOST for one in text.split('<section id="part-'))


@pytest.mark.parametrize("header", ["now", "now=", "=", "now=%00=x", "now=" + "x" * 5000, "<script>=1.2"])
def test_nothing_that_is_said_of_parts_can_harm(client: TestClient, header: str) -> None:
    response = client.get("/", headers={"HX-Request": "true", "X-Parts": header})
    assert response.status_code == 200
    assert dict(PART.findall(response.text)).keys() == ALL
    assert "<script>" not in response.text


def test_a_part_that_keeps_a_pace_is_not_even_made_before() -> None:
    made: list[float] = []

    def sent(now: float, had: str) -> str:
        def caller() -> Any:
            made.append(now)
            return f"as of {now}"

        headers = {"hx-request": "true", "x-parts": had}
        return Parts(headers, now).part("chart", "panel", 15, caller=caller)

    (token,) = re.findall('data-part="([^"]+)"', sent(30.0, ""))
    assert sent(44.9, f"chart={token}") == ""
    assert made == [30.0]
    assert "as of 45.0" in sent(45.0, f"chart={token}")


def test_an_open_dashboard_follows(shop: ModuleType, watched: Watched) -> None:
    page = watched.open("/")
    page.evaluate("window.isThatPage = true")
    tile = page.locator(".tile.st-success b")
    before = int(re.sub(r"\D", "", tile.inner_text()))
    with running(shop):
        assert shop.echo("seen on the dashboard").wait(30)
    expect(tile).to_have_text(re.compile(f"^{before + 1}$"), timeout=20_000)
    # The parts beside it are still there.
    assert page.locator("[data-part]").count() == len(ALL)
    assert page.evaluate("window.isThatPage")
    assert watched.complaints == []


def test_what_keeps_a_pace_follows_when_nothing_else_does(shop: ModuleType, watched: Watched) -> None:
    watched.page.clock.install()
    page = watched.open("/")
    expect(page.locator("#live-word")).to_have_text("live")
    with running(shop):
        assert shop.echo("the last change").wait(30)
        expect(page.locator("[data-goes-on]")).to_have_count(1)
    # Nobody beats any more, so that nothing else makes the page look again.
    expect(page.locator("[data-goes-on]")).to_have_count(0, timeout=20_000)
    with page.expect_request(lambda request: "x-parts" in request.headers):
        page.clock.fast_forward(16_000)
