"""Monitors with logins, and what those do who have logged in."""

from __future__ import annotations

import re
from types import ModuleType

from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynmon import AccessToken, MonitorSettings, Role, create_monitor_app
from pynmon.audit import Audit, Entry

SECRETS = {role: f"secret-of-{role.name.lower()}-0123456789" for role in Role}
TOKENS = tuple(AccessToken.of(role, role.name.lower(), secret) for role, secret in SECRETS.items())
OURS = {"Sec-Fetch-Site": "same-origin"}


def bearer(role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRETS[role]}"}


def monitor_of(shop: ModuleType, **settings: object) -> FastAPI:
    chosen = {"tokens": TOKENS, "read_only": False, "requests_per_second": 0, **settings}
    return create_monitor_app(shop.app, MonitorSettings(**chosen))  # type: ignore[arg-type]


def client_of(monitor: FastAPI, address: str = "127.0.0.1") -> TestClient:
    return TestClient(
        monitor,
        base_url="http://localhost",
        raise_server_exceptions=False,
        follow_redirects=False,
        client=(address, 1),
    )


def logged_in(monitor: FastAPI, role: Role) -> TestClient:
    client = client_of(monitor)
    assert client.post("/login", headers=OURS, data={"token": SECRETS[role]}).status_code == 303
    return client


def entries(monitor: FastAPI) -> list[Entry]:
    audit: Audit = monitor.state.audit
    return audit.page(500)[0]


def form_token_of(client: TestClient) -> str:
    found = re.findall(r'name="form_token" value="([0-9a-f]+)"', client.get("/").text)
    return str(found[0])


def hidden(client: TestClient, path: str) -> dict[str, str]:
    """What the forms of a page carry."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', client.get(path).text))


def act(client: TestClient, path: str, **data: str) -> tuple[int, str]:
    response = client.post(path, headers=OURS, data={"form_token": form_token_of(client), **data})
    return response.status_code, response.headers.get("location", response.text)
