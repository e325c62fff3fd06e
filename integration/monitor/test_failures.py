"""The pages of failures: equal ones are one, and they are found by a query."""

from __future__ import annotations

import re
from types import ModuleType

from fastapi.testclient import TestClient

from pynenc import PynencBuilder
from pynmon import create_monitor_app

from .conftest import statements


def test_failures_are_asked_for_as_invocations_are(client: TestClient) -> None:
    def number(query: str) -> str:
        response = client.get("/failures", params={"q": query})
        assert response.status_code == 200
        return str(re.findall(r'<p class="count"><b>(\d+)</b>', response.text)[0])

    # By what is known of all failures, by their records, by both.
    assert number("task:*.refuse") == number("error:ValueError task:*.refuse") == "8"
    assert number('"{{ 7 * 7 }}"') == "1"
    assert number("task:*.charge") == number("-error:ValueError") == "0"


def test_equal_failures_are_one_line(shop: ModuleType, client: TestClient) -> None:
    text = client.get("/failures").text
    assert "<b>8</b> failed invocations of 1 kind" in text
    (path,) = re.findall(r'href="(/failures/\w+\?range=24h)"', text)
    with statements(shop) as seen:
        page = client.get(path).text
    assert len(seen) <= 5, seen
    assert "Traceback (most recent call last)" in page
    assert page.count("<tr id=") == 8
    assert "100 %" in page
    listed = re.findall(r'href="(/invocations\?q=[^"]+)">as a list', page)
    assert client.get(listed[0].replace("&amp;", "&")).text.count("<tr id=") == 8


def test_a_window_without_failures_says_so() -> None:
    app = PynencBuilder().app_id("fine").memory().build()
    client = TestClient(create_monitor_app(app), base_url="http://localhost")
    assert "Nothing failed in this window" in client.get("/failures").text


def test_what_failed_so_is_told_by_what_it_was_called_with_and_where(
    shop: ModuleType, client: TestClient
) -> None:
    (kind,) = client.get("/api/v1/failures").json()["kinds"]
    assert (kind["number"], kind["state"]) == (8, "new")
    page = client.get(f"/failures/{kind['fingerprint']}").text
    called = page[page.index("Called with") : page.index("</section>", page.index("Called with"))]
    assert "8 values, each once" in " ".join(called.split())
    assert re.search(r'href="/runners/[^"]+"[^>]*>[^<]*</a></dt><dd>8</dd>', page)
    with statements(shop) as seen:
        detail = client.get(f"/api/v1/failures/{kind['fingerprint']}").json()
    assert len(seen) <= 3, seen
    (argument,) = detail["arguments"]
    assert (argument["name"], argument["number"], argument["different"]) == ("reason", 8, 8)
    assert client.get("/api/v1/failures/unknown").status_code == 404


def test_failures_are_narrowed_to_those_that_nobody_knows(client: TestClient) -> None:
    assert "<b>8</b>" in client.get("/failures?state=open").text
    assert "Nothing failed so in this window" in client.get("/failures?state=acknowledged").text
    assert client.get("/api/v1/failures?state=acknowledged").json()["kinds"] == []
    assert client.get("/failures?state=none").status_code == 422
    # Each link narrows what is shown, and keeps the rest.
    text = client.get("/failures?state=open&range=6h&q=task:*.refuse").text
    links = re.findall(r'<a href="(/failures\?[^"]*)">(after|in) ', text)
    assert len(links) == 3
    for link, _ in links:
        assert "range=6h" in link
        assert "state=open" in link
        assert "Nothing failed so" in client.get(link.replace("&amp;", "&")).text
