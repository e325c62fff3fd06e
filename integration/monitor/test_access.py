"""Who may see the monitor, and who may act: everything is refused that is not allowed."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynmon import Role
from pynmon.permissions import PUBLIC, ROLES

from .conftest import routes_of
from .logins import OURS, SECRETS, bearer, client_of, entries, form_token_of, logged_in, monitor_of


@pytest.fixture
def guarded(shop: ModuleType) -> FastAPI:
    return monitor_of(shop)


def address_of(path: str) -> str:
    """Of something that need not exist."""
    return re.sub(r"\{\w+\}", "unknown", path)


def test_every_address_is_in_the_table(guarded: FastAPI) -> None:
    assert routes_of(guarded) <= PUBLIC | set(ROLES)
    assert not PUBLIC & set(ROLES)
    below = {key for key, role in ROLES.items() if key[0] != "GET" and role < Role.OPERATOR}
    assert below == {("POST", "/logs/explain"), ("POST", "/logs/file"), ("POST", "/logout")}


def test_what_is_not_in_the_table_is_answered_to_nobody(guarded: FastAPI) -> None:
    guarded.add_api_route("/forgotten", lambda: "secret", methods=["GET", "POST"])
    client = client_of(guarded)
    for method in ("GET", "POST"):
        assert client.request(method, "/forgotten").status_code in (401, 403)
        assert client.request(method, "/forgotten", headers=bearer(Role.ADMIN)).status_code == 403


def test_nobody_sees_anything_but_what_is_public(guarded: FastAPI) -> None:
    client = client_of(guarded)
    for method, path in sorted(routes_of(guarded)):
        if (method, path) in PUBLIC:
            continue
        response = client.request(method, address_of(path), headers=OURS)
        assert response.status_code == 401, (method, path)
        assert response.headers["www-authenticate"] == "Bearer"
        assert "shop" not in response.text
    assert client.get("/nothing").status_code == 401
    assert client.get("/healthz").status_code == 200
    assert client.get("/static/all.css").status_code == 200
    page = client.get("/login")
    assert page.status_code == 200
    assert "shop" not in page.text


def test_a_browser_is_led_to_the_login_and_back(guarded: FastAPI) -> None:
    client = client_of(guarded)
    response = client.get("/invocations?status=failed&size=25", headers={"Accept": "text/html"})
    assert response.status_code == 303
    page = client.get(response.headers["location"])
    target = re.findall(r'name="next" value="([^"]*)"', page.text)[0].replace("&amp;", "&")
    answer = client.post("/login", headers=OURS, data={"token": SECRETS[Role.VIEWER], "next": target})
    assert answer.headers["location"] == "/invocations?status=failed&size=25"
    assert client.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:x", "/a\nb", "", "x"]
)
def test_a_login_leads_to_no_other_site(guarded: FastAPI, target: str) -> None:
    data = {"token": SECRETS[Role.VIEWER], "next": target}
    assert client_of(guarded).post("/login", headers=OURS, data=data).headers["location"] == "/"


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_what_the_table_says(guarded: FastAPI, role: Role) -> None:
    for client, headers in ((client_of(guarded), bearer(role)), (logged_in(guarded, role), OURS)):
        for (method, path), needed in ROLES.items():
            if (method, path) not in routes_of(guarded) or path in ("/events", "/logout"):
                continue
            response = client.request(
                method, address_of(path), headers=headers, data={} if method == "POST" else None
            )
            assert response.status_code != 401, (method, path)
            if role < needed:
                assert response.status_code == 403, (method, path)
                if method != "GET":
                    newest = entries(guarded)[0]
                    assert (newest.who, newest.result) == (role.name.lower(), "denied")
                    assert newest.action == f"{method} {path}"
            elif method == "GET":
                assert response.status_code in (200, 301, 404, 422), (method, path)


@pytest.mark.parametrize("role", Role)
def test_read_only_makes_everybody_a_viewer(shop: ModuleType, role: Role) -> None:
    monitor = monitor_of(shop, read_only=True)
    client = client_of(monitor)
    for (method, path), needed in ROLES.items():
        if needed > Role.VIEWER:
            response = client.request(method, address_of(path), headers=bearer(role), data={})
            assert response.status_code == 403, (method, path)
    page = client.get("/invocations?task=pynmon_shop.refuse", headers=bearer(role)).text
    path = re.findall(r'href="(/invocations/[^"]+)"', page)[0]
    page = client.get(path, headers=bearer(role)).text
    assert "<button>" not in page
    assert "Run again" not in page
    assert "read-only" in page


def test_without_logins_everybody_is_a_viewer(client: TestClient) -> None:
    for (method, path), needed in ROLES.items():
        if needed > Role.VIEWER:
            response = client.request(method, address_of(path), headers=OURS, data={})
            assert response.status_code == 403, (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {SECRETS[Role.ADMIN][:-1]}"},
        {"Authorization": f"Basic {SECRETS[Role.ADMIN]}"},
        {"Cookie": "pynmon=x"},
    ],
)
def test_a_wrong_token_is_nobody(guarded: FastAPI, headers: dict[str, str]) -> None:
    response = client_of(guarded).get("/api/v1/tasks", headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"


def test_a_token_in_the_address_is_not_looked_at(guarded: FastAPI) -> None:
    for name in ("token", "access_token", "t"):
        assert client_of(guarded).get(f"/api/v1/tasks?{name}={SECRETS[Role.ADMIN]}").status_code == 401


def test_who_tries_too_often_has_to_wait(guarded: FastAPI) -> None:
    client = client_of(guarded)
    session = logged_in(guarded, Role.VIEWER)
    for _ in range(5):
        assert client.post("/login", headers=OURS, data={"token": "wrong"}).status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.post("/login", headers=OURS, data={"token": SECRETS[Role.ADMIN]}).status_code == 429
    assert client.get("/metrics", headers=bearer(Role.ADMIN)).status_code == 429
    assert client_of(guarded, "10.0.0.7").get("/metrics", headers=bearer(Role.ADMIN)).status_code == 200
    assert session.get("/").status_code == 200
    assert [entry.result for entry in entries(guarded)] == ["denied"] * 10


def test_who_asks_too_often_is_refused_and_nobody_else(shop: ModuleType) -> None:
    monitor = monitor_of(shop, requests_per_second=0.5)
    client = client_of(monitor)
    # Some of them come so late that they are answered again.
    answers = [client.get("/api/v1/openapi.json", headers=bearer(Role.VIEWER)) for _ in range(100)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get("/api/v1/openapi.json", headers=bearer(Role.OPERATOR)).status_code == 200
    assert client.get("/static/all.css").status_code == 200
    codes = [client.get("/").status_code for _ in range(100)]
    assert codes[0] == 401
    assert 429 in codes
    assert client_of(monitor, "10.0.0.7").get("/").status_code == 401


@pytest.mark.parametrize("https", [False, True])
def test_the_cookie_is_for_this_site_alone(shop: ModuleType, https: bool) -> None:
    monitor = monitor_of(shop, https=https)
    client = client_of(monitor)
    answer = client.post("/login", headers=OURS, data={"token": SECRETS[Role.VIEWER]})
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert {one.lower() for one in attributes} == {"httponly", "path=/", "samesite=strict"} | (
        {"secure"} if https else set()
    )
    assert name.startswith("__Host-pynmon-" if https else "pynmon-")
    assert SECRETS[Role.VIEWER] not in answer.headers["set-cookie"]


def test_logging_out_ends_the_session(guarded: FastAPI) -> None:
    client = logged_in(guarded, Role.OPERATOR)
    kept = dict(client.cookies)
    data = {"form_token": form_token_of(client)}
    assert client.post("/logout", headers=OURS, data=data).status_code == 303
    assert client.get("/").status_code == 401
    again = client_of(guarded)
    again.cookies.update(kept)
    assert again.get("/").status_code == 401


def test_a_form_belongs_to_its_login(guarded: FastAPI) -> None:
    client, other = logged_in(guarded, Role.OPERATOR), logged_in(guarded, Role.OPERATOR)

    def acting(token: str) -> int:
        data = {"form_token": token}
        return int(client.post("/invocations/unknown/cancel", headers=OURS, data=data).status_code)

    for wrong in ("", "\u00e9", form_token_of(other)):
        assert acting(wrong) == 403
        assert entries(guarded)[0].result == "denied"
    assert len(entries(guarded)) == 3
    tokens = {form_token_of(client) for _ in range(3)}
    assert len(tokens) == 3  # a page that is compressed tells what it has in common with others
    assert [acting(token) for token in tokens] == [404] * 3


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_no_other_site_acts_by_a_cookie(guarded: FastAPI, headers: dict[str, str]) -> None:
    client = logged_in(guarded, Role.OPERATOR)
    data = {"form_token": form_token_of(client)}
    assert client.post("/invocations/unknown/cancel", headers=headers, data=data).status_code == 403


def test_only_a_proxy_says_who_its_user_is(shop: ModuleType) -> None:
    monitor = monitor_of(
        shop, tokens=(), trusted_header="X-User", trusted_role=Role.OPERATOR, trusted_proxies=("10.0.0.1",)
    )
    user = {"X-User": "carol"}
    assert client_of(monitor, "10.0.0.2").get("/", headers=user).status_code == 401
    assert client_of(monitor, "10.0.0.1").get("/").status_code == 401
    proxy = client_of(monitor, "10.0.0.1")
    assert proxy.get("/audit", headers=user).status_code == 200
    # Her browser sends the header by itself, so that her forms carry something that other sites do not know.
    path = "/invocations/unknown/cancel"
    assert proxy.post(path, headers={**OURS, **user}).status_code == 403
    token = re.findall(r'name="form_token" value="([0-9a-f]+)"', proxy.get("/", headers=user).text)[0]
    assert proxy.post(path, headers={**OURS, **user}, data={"form_token": token}).status_code == 404


def test_the_audit_is_a_file_for_operators(guarded: FastAPI) -> None:
    client = logged_in(guarded, Role.OPERATOR)
    client.post("/login", headers=OURS, data={"token": "a-wrong-one"})
    links = re.findall(r'href="(/export/audit\?form=\w+)" download', client.get("/audit").text)
    table, lines = (client.get(link).text for link in links)
    assert table.splitlines()[0].startswith("at,who,action")
    assert "a wrong token" in table.splitlines()[1]
    assert '"detail": "a wrong token"' in lines
    assert logged_in(guarded, Role.VIEWER).get(links[0]).status_code == 403


def test_secrets_are_in_no_log_and_on_no_page(
    guarded: FastAPI, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    client = logged_in(guarded, Role.OPERATOR)
    client.post("/login", headers=OURS, data={"token": "a-wrong-one-that-is-nearly-right"})
    cookie = next(iter(client.cookies.values()))
    pages = "".join(client.get(path).text for path in ("/", "/audit", "/login", "/nothing"))
    for secret in (*SECRETS.values(), "a-wrong-one-that-is-nearly-right", cookie):
        assert secret not in pages
        assert secret not in caplog.text


def test_it_works_mounted(shop: ModuleType) -> None:
    host = FastAPI()
    host.mount("/ops", monitor_of(shop))
    client = client_of(host)
    response = client.get("/ops/tasks", headers={"Accept": "text/html"})
    assert response.headers["location"] == "/ops/login?next=%2Fops%2Ftasks"
    assert client.get("/ops/tasks").status_code == 401
    assert client.get("/ops/nothing").status_code == 401
    data = {"token": SECRETS[Role.VIEWER], "next": "/ops/tasks"}
    assert client.post("/ops/login", headers=OURS, data=data).headers["location"] == "/ops/tasks"
    assert client.get("/ops/tasks").status_code == 200
    assert client.get("/ops/audit").status_code == 403
    assert client.get("/ops/api/v1/nothing").headers["content-type"] == "application/problem+json"
