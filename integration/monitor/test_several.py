"""Several apps behind one address: what is shown and done in one of them concerns no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from pynenc import Pynenc, PynencBuilder
from pynenc.exceptions import ConfigError
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynenc.values.status import InvocationStatus
from pynmon import MonitorSettings, Role, create_monitor_app

from .conftest import Watched, for_everybody, served
from .crawl import crawl
from .logins import OURS, SECRETS, TOKENS, client_of, form_token_of, logged_in

NAMES = ("shop", "billing")


def call(app: Pynenc, name: str) -> InvocationId:
    made = InvocationId(f"{name}-of-{app.app_id}")
    new = NewInvocation(invocation_id=made, task_id=f"{app.app_id}_tasks.{name}", args_id="x", root_id=made)
    app.orchestrator.submit([new], {}, enqueue=True)
    return made


@pytest.fixture
def apps() -> Iterator[dict[str, Pynenc]]:
    apps = {name: PynencBuilder().app_id(name).memory().build() for name in NAMES}
    for app in apps.values():
        call(app, "first")
    yield apps
    for app in apps.values():
        app.close()


def watching(apps: dict[str, Pynenc], **settings: Any) -> FastAPI:
    return create_monitor_app(list(apps.values()), MonitorSettings(requests_per_second=0, **settings))


def acting(apps: dict[str, Pynenc], **settings: Any) -> FastAPI:
    return watching(apps, tokens=TOKENS, read_only=False, **settings)


def test_every_page_of_an_app_leads_to_that_app_alone(apps: dict[str, Pynenc]) -> None:
    host = FastAPI()
    # Names of its own that are names of our pages, too.
    host.add_api_route("/dashboard", lambda: "not ours", name="dashboard")
    host.mount("/ops", watching(apps))
    for here, other in (NAMES, NAMES[::-1]):
        pages = crawl(client_of(host), f"/ops/a/{here}/", limit=12)
        texts = "".join(page.text for page in pages.values() if f"/a/{here}" in page.text)
        assert f"first-of-{here}" in texts
        for path, page in pages.items():
            if path.startswith(f"/ops/a/{other}/"):
                continue
            led = [link for link in page.links if not link.startswith(("#", "?", f"/ops/a/{here}/"))]
            assert led == [f"/ops/a/{other}/"], path
            assert all(one.startswith((f"/ops/a/{here}/", "#", "data:")) for one in page.sources), path
            assert f'data-events="/ops/a/{here}/events"' in page.text
            assert f"of-{other}" not in page.text


def test_what_names_no_app_leads_to_the_first(apps: dict[str, Pynenc]) -> None:
    client = client_of(watching(apps))
    for asked, led in {
        "/": "/a/shop/",
        "/invocations?q=a%20b&size=25": "/a/shop/invocations?q=a%20b&size=25",
        "/tasks/a%20b%3F": "/a/shop/tasks/a%20b%3F",
        "/a/billing": "/a/billing/",
        "//evil.example/": "/a/shop//evil.example/",
    }.items():
        response = client.get(f"http://localhost{asked}")
        assert (response.status_code, response.headers["location"]) == (307, led)
    assert client.post("/invocations/x/rerun", headers=OURS).headers["location"].startswith("/a/shop/")
    assert client.get("/switch-app/billing").headers["location"] == "/a/billing/"
    for unknown in ("/a/unknown", "/a/unknown/tasks", "/a/"):
        assert client.get(unknown).status_code == 404
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert client.post("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_much_may_be_sent_to_each_where_it_may_be_sent_at_all(apps: dict[str, Pynenc]) -> None:
    client = client_of(watching(apps))
    lines = {"text": (None, "INFO x\n" * 15_000)}
    for path, code in (("/logs/explain", 200), ("/logs/file", 200), ("/logout", 413)):
        for app_id in NAMES:
            assert client.post(f"/a/{app_id}{path}", headers=OURS, files=lines).status_code == code
    assert client.get("/a/billing/log-explorer/", params={"log": "x" * 4000}).status_code == 200


def test_it_is_ready_when_every_app_is(apps: dict[str, Pynenc], tmp_path: Path) -> None:
    lost = PynencBuilder().app_id("lost").sqlite(str(tmp_path / "missing" / "x.db")).build()
    client = client_of(watching({**apps, "lost": lost}))
    assert client.get("/readyz").status_code == 503
    # The others are shown, and what is wrong is told where it is.
    assert client.get("/a/shop/").status_code == 200
    response = client.get("/a/lost/")
    assert response.status_code == 503
    assert 'href="/a/lost/invocations"' in response.text


def test_who_is_known_to_one_is_known_to_all_and_acts_in_one(apps: dict[str, Pynenc], tmp_path: Path) -> None:
    settings = {"audit_file": tmp_path / "audit"}
    monitor = acting(apps, **settings)
    assert client_of(monitor).get("/a/billing/invocations").status_code == 401
    client = client_of(monitor)
    login = {"token": SECRETS[Role.OPERATOR], "next": "/a/billing/tasks"}
    assert client.post("/a/shop/login", headers=OURS, data=login).headers["location"] == "/a/shop/"
    assert client.post("/a/billing/login", headers=OURS, data=login).headers["location"] == login["next"]
    page = client.get("/a/billing/invocations/first-of-billing").text
    action = re.findall(r'action="([^"]+/cancel)"', page)[0]
    assert action == "/a/billing/invocations/first-of-billing/cancel"
    form = {"form_token": re.findall(r'name="form_token" value="([^"]+)"', page)[0]}
    assert client.post(action, headers=OURS).status_code == 403
    assert client.post(action, headers=OURS, data=form).headers["location"].startswith("/a/billing/")
    assert (
        client.post("/a/shop/invocations/first-of-billing/cancel", headers=OURS, data=form).status_code == 404
    )
    counts = {name: app.orchestrator.count_by_status() for name, app in apps.items()}
    assert counts["billing"].get(InvocationStatus.CANCELLED) == 1
    assert counts["shop"].get(InvocationStatus.CANCELLED, 0) == 0
    # Whoever reads the file sees whose they are; a page shows those of its app, also of an earlier run.
    lines = [json.loads(line) for line in (tmp_path / "audit").read_text().splitlines()]
    assert [(one["app"], one["action"]) for one in lines if one["result"] == "done"] == [
        ("billing", "cancel")
    ]
    later = acting(apps, **settings)
    for one in (client, client_of(later)):
        one.post("/a/shop/login", headers=OURS, data=login)
        assert ">first-of-billing</a>" in one.get("/a/billing/audit").text
        assert "first-of-billing" not in one.get("/a/shop/audit").text


def test_two_tabs_show_two_apps(apps: dict[str, Pynenc], chromium: Any) -> None:
    with served(watching(apps, refresh_seconds=0.1)) as address:
        watched = Watched(chromium, address)
        tabs = {"shop": watched.open("/invocations"), "billing": watched.context.new_page()}
        tabs["billing"].on("console", watched._console)
        tabs["billing"].goto(f"{address}/a/shop/")
        # By keys alone.
        tabs["billing"].locator(".apps summary").focus()
        tabs["billing"].keyboard.press("Enter")
        for_everybody(tabs["billing"], "the other apps")
        tabs["billing"].keyboard.press("Tab")
        tabs["billing"].keyboard.press("Enter")
        tabs["billing"].wait_for_url("**/a/billing/")
        tabs["billing"].get_by_role("link", name="Invocations", exact=True).click()
        tabs["billing"].wait_for_url("**/a/billing/invocations")
        for name, app in apps.items():
            page = tabs[name]
            page.bring_to_front()
            call(app, "second")
            page.locator("tbody tr").nth(1).wait_for()
            page.reload()
            rows = page.locator("tbody").text_content()
            assert [other for other in NAMES if f"{other}_tasks" in rows] == [name]
            assert page.locator(".brand").inner_text() == name
        assert watched.complaints == []
        watched.context.close()


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ((), "no app to watch"),
        (("shop", "shop"), "two of the apps"),
        (("shop", "a/b"), "part of addresses"),
        (("shop", ".."), "part of addresses"),
        (("{shop}",), "part of addresses"),
    ],
)
def test_apps_that_an_address_cannot_tell_apart_are_refused(ids: tuple[str, ...], words: str) -> None:
    apps = [PynencBuilder().app_id(one).memory().build() for one in ids]
    with pytest.raises(ConfigError, match=words):
        create_monitor_app(apps)


def test_one_app_needs_no_name_in_its_addresses(apps: dict[str, Pynenc]) -> None:
    client = logged_in(create_monitor_app(apps["shop"], MonitorSettings(tokens=TOKENS)), Role.VIEWER)
    page = client.get("/")
    assert page.status_code == 200
    assert "Other apps" not in page.text
    assert form_token_of(client)
