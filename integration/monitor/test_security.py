"""What a request has to get past, and what an answer carries."""

from __future__ import annotations

import gzip
import http.client

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynmon import Role
from pynmon.live import Live
from pynmon.permissions import ROLES

from .conftest import routes_of
from .crawl import Page


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:99", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example:localhost", 421),
        ("", 421),
        ("localhost@evil.example", 421),
    ],
)
@pytest.mark.parametrize("path", ["/", "/static/all.css", "/nothing"])
def test_a_foreign_name_is_refused_before_anything_else(
    client: TestClient, host: str, code: int, path: str
) -> None:
    response = client.get(path, headers={"Host": host})
    assert response.status_code == (404 if code == 200 and path == "/nothing" else code)
    assert "Content-Security-Policy" in response.headers


def test_a_foreign_name_hears_of_no_change(client: TestClient) -> None:
    assert client.get("/events", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_no_other_site_may_send_anything(client: TestClient, method: str, headers: dict[str, str]) -> None:
    assert client.request(method, "/", headers=headers).status_code == 403


def test_there_is_little_to_send(client: TestClient, monitor: FastAPI) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}):
        assert client.post("/", headers=headers, data={"a": "b"}).status_code == 405
    sendable = {key for key in routes_of(monitor) if key[0] != "GET"}
    # Those that keep nothing; all others are for operators.
    assert {key for key in sendable if ROLES.get(key, Role.VIEWER) < Role.OPERATOR} == {
        ("POST", "/logs/explain"),
        ("POST", "/logs/file"),
        ("POST", "/login"),
        ("POST", "/logout"),
    }


def test_much_is_refused_before_it_is_read(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/logs/explain", "/logs/file"):
        refused = client.post(path, headers=headers, content=b"text=" + b"x" * 5 * 2**20)
        assert refused.status_code == 413
        assert "5 MB" in refused.text
        assert client.post(path, headers=headers, content=b"text=" + b"x" * 4_999_000).status_code == 200
        assert client.post(path, headers=headers, content=iter([b"text=x"])).status_code == 413
        assert client.post(path, headers=headers, content=b"text=x").status_code == 200
    # All others are short.
    for path in ("/logout", "/logs", "/nothing", "/logs/explain/x", "/x/logs/explain"):
        refused = client.post(path, headers=headers, content=b"a=" + b"x" * 64 * 1024)
        assert refused.status_code == 413
        assert "64 KB" in refused.text
        assert client.post(path, headers=headers, content=b"a=" + b"x" * 60_000).status_code != 413


@pytest.mark.parametrize("path", ["/", "/tasks", "/invocations", "/nothing", "/healthz", "/static/all.js"])
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    kept = "immutable" if path.startswith("/static") else "no-store"
    assert kept in headers["cache-control"]


def test_a_page_needs_few_and_small_things(client: TestClient) -> None:
    page = Page(client.get("/").text)
    needed = [source for source in page.sources if source.startswith("/static/")]
    sizes = {
        kind: sum(len(gzip.compress(client.get(one).content)) for one in needed if kind in one)
        for kind in (".js", ".css")
    }
    assert len(needed) == 3
    assert 0 < sizes[".js"] <= 45 * 1024
    assert 0 < sizes[".css"] <= 20 * 1024


def test_a_long_address_is_refused(client: TestClient) -> None:
    assert client.get("/invocations?task=" + "x" * 3000).status_code == 414


def test_files_outside_of_the_assets_are_not_given(client: TestClient) -> None:
    for path in ("/static/../app_factory.py", "/static/%2e%2e/app_factory.py", "/static//etc/passwd"):
        assert client.get(path).status_code == 404


def test_streams_are_limited(client: TestClient, monitor: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Live, "is_full", True)
    assert client.get("/events").status_code == 503


@pytest.mark.parametrize(
    "path", ["/", "/invocations?size=200", "/api/v1/invocations", "/metrics", "/static/all.css"]
)
def test_what_is_long_travels_compressed(client: TestClient, path: str) -> None:
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["vary"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    # Also what passes between the two is as it was, but for the time of day.
    assert abs(len(packed.content) - len(plain.content)) < 100


def test_an_event_comes_at_once_also_to_those_who_take_what_is_compressed(address: str) -> None:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", "/events", headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    try:
        assert response.getheader("content-encoding") is None
        assert response.readline() == b"retry: 2000\n"
        assert response.readline() == b"event: hello\n"
    finally:
        connection.close()
