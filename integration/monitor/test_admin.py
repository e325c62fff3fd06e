"""What only admins do, and only where it was switched on: call tasks by hand, remove records."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynenc import PynencBuilder
from pynenc.values.status import InvocationStatus
from pynmon import AccessToken, MonitorSettings, Role, create_monitor_app
from pynmon.maintenance import Maintenance

from .conftest import Watched, eventually, for_everybody, running
from .logins import OURS, act, bearer, client_of, entries, hidden, logged_in, monitor_of

SECRET = "an-admin-of-this-test-00"


@pytest.fixture(scope="module")
def monitor(shop: ModuleType) -> FastAPI:
    return monitor_of(
        shop,
        allow_enqueue=True,
        allow_purge=True,
        refresh_seconds=0.1,
        tokens=(AccessToken.of(Role.ADMIN, "ada", SECRET),),
    )


@pytest.fixture
def switched_on(shop: ModuleType) -> FastAPI:
    return monitor_of(shop, allow_enqueue=True, allow_purge=True)


@pytest.fixture
def admin(switched_on: FastAPI) -> TestClient:
    return logged_in(switched_on, Role.ADMIN)


def test_a_task_is_called_once_for_each_form(
    shop: ModuleType, switched_on: FastAPI, admin: TestClient
) -> None:
    assert 'href="/enqueue"' in admin.get("/tasks").text
    page = admin.get("/enqueue?task=pynmon_shop.echo").text
    assert 'value="pynmon_shop.echo" selected' in page
    new_id = hidden(admin, "/enqueue")["new_id"]
    arguments = json.dumps({"text": shop.HOSTILE[0]})
    form = {"task": "pynmon_shop.echo", "arguments": arguments, "new_id": new_id}
    for _ in range(2):
        assert act(admin, "/enqueue", **form) == (303, f"/invocations/{new_id}")
    with running(shop):
        assert shop.app.get_invocation(new_id).get(30) == shop.HOSTILE[0]
    noted = [(one.who, one.action, one.subject, one.result) for one in entries(switched_on)]
    assert noted == [("admin", "enqueue", "pynmon_shop.echo", "done")] * 2
    # What it was called with is nobody's business in the audit.
    assert entries(switched_on)[0].detail == f"as {new_id}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{", "That is no JSON"),
        ("[" * 5000, "That is no JSON"),
        ("[1]", "a JSON object by name"),
        ('{"text": "a", "</textarea><script>": 1}', "cannot be called so"),
        ("{}", "missing a required argument"),
    ],
)
def test_arguments_that_do_not_fit_come_back_with_what_is_wrong(
    admin: TestClient, arguments: str, said: str
) -> None:
    form = {"task": "pynmon_shop.echo", **hidden(admin, "/enqueue"), "arguments": arguments}
    code, text = act(admin, "/enqueue", **form)
    assert code == 422
    assert said in html.unescape(text)
    assert (
        f">\n{html.escape(arguments)}</textarea>".replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
        in text
    )
    assert form["new_id"] in text


def test_only_tasks_whose_code_is_there_are_called(shop: ModuleType, tmp_path: Path) -> None:
    bare = PynencBuilder().app_id("shop").sqlite(str(tmp_path / "a.db"))
    app = bare.custom_config(task_modules=["pynmon_shop"]).build()
    tokens = (AccessToken.of(Role.ADMIN, "ada", SECRET),)
    settings = MonitorSettings(tokens=tokens, read_only=False, allow_enqueue=True)
    client = client_of(create_monitor_app(app, settings))
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = client.post("/api/v1/tasks/pynmon_shop.echo/enqueue", headers=headers, json={"arguments": {}})
    assert answer.status_code == 409
    assert "imports none" in answer.json()["detail"]
    assert "has loaded no task" in client.get("/enqueue", headers=headers).text
    app.close()


def test_programs_call_tasks(shop: ModuleType, switched_on: FastAPI) -> None:
    client = client_of(switched_on)
    path, headers = "/api/v1/tasks/pynmon_shop.charge/enqueue", bearer(Role.ADMIN)
    body = {"arguments": {"customer_id": 7, "amount": 1.5}}
    made = client.post(path, headers=headers, json=body).json()["invocation_id"]
    invocation = shop.app.get_invocation(made)
    assert invocation.arguments.kwargs == body["arguments"]
    invocation.cancel()
    answer = client.post(path, headers=headers, json={"arguments": {"customer_id": 7}})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_others_and_a_monitor_that_was_not_told_to_do_neither(shop: ModuleType, switched_on: FastAPI) -> None:
    off = monitor_of(shop)
    number = sum(shop.app.orchestrator.count_by_status().values())
    operator = logged_in(switched_on, Role.OPERATOR)
    for path in ("/enqueue", "/system/maintenance"):
        assert operator.get(path).status_code == 403
        assert f'href="{path}"' not in operator.get("/tasks").text + operator.get("/system").text
        assert "is off here" in logged_in(off, Role.ADMIN).get(path).text
    read_only = monitor_of(shop, read_only=True, allow_enqueue=True, allow_purge=True)
    for path, body in (
        ("/api/v1/tasks/pynmon_shop.echo/enqueue", {"arguments": {"text": "a"}}),
        (f"/api/v1/maintenance/purge?scope=everything&typed={shop.app.app_id}", {}),
    ):
        for monitor, role, code in (
            (switched_on, Role.OPERATOR, 403),
            (read_only, Role.ADMIN, 403),
            (off, Role.ADMIN, 409),
        ):
            response = client_of(monitor).post(path, headers=bearer(role), json=body)
            assert response.status_code == code, (path, role)
    assert sum(shop.app.orchestrator.count_by_status().values()) == number
    assert {(one.action, one.result) for one in entries(off)} == {
        ("enqueue", "refused"),
        ("purge", "refused"),
    }


def test_everybody_can_read_what_those_see_who_act(watched: Watched, shop: ModuleType) -> None:
    waiting = shop.charge(1, 1.0)
    for_everybody(watched.open("/login"), "the login")
    log_in(watched, "/tasks")
    page = watched.open("/invocations?q=is:open")
    page.get_by_role("button", name="Cancel…").click()
    page.wait_for_selector(".order")
    for_everybody(page, "a dry run")
    page.get_by_label("to go on").fill(page.locator("label b.data").inner_text())
    page.locator(".order button").click()
    page.wait_for_url("**/bulk/*")
    page.locator(".head .status", has_text="done").wait_for()
    for_everybody(page, "a bulk action")
    runner = shop.app.orchestrator.list_runners(include_stopped=True)[0]
    for path in (
        "/invocations",
        "/failures",
        "/audit",
        "/enqueue",
        "/system/maintenance?days=0",
        f"/runners/{runner.identity.runner_id}",
        f"/invocations/{waiting.invocation_id}",
        "/invocations/unknown",
    ):
        page = watched.open(path)
        for one in page.locator(".actions summary").all():
            one.click()
        for_everybody(page, path)
    # A browser complains of what is not there.
    watched.complaints[:] = [one for one in watched.complaints if "404" not in one]


def log_in(watched: Watched, path: str) -> Any:
    page = watched.open(path)
    page.get_by_label("Your access token").fill(SECRET)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector("#side", state="attached")
    return page


def test_an_admin_calls_a_task_and_removes_what_ended(
    watched: Watched, shop: ModuleType, monitor: FastAPI
) -> None:
    page = log_in(watched, "/tasks")
    page.get_by_role("link", name="Call a task").click()
    page.locator("select[name=task]").select_option("pynmon_shop.echo")
    page.get_by_label("Arguments").fill("</textarea><script>window.__pwned = 7</script>")
    page.get_by_role("button", name="Call it").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Arguments").input_value() == "</textarea><script>window.__pwned = 7</script>"
    page.get_by_label("Arguments").fill(json.dumps({"text": shop.HOSTILE[1]}))
    page.get_by_role("button", name="Call it").click()
    page.wait_for_url("**/invocations/*")
    assert page.evaluate("window.__pwned") is None
    called = shop.app.get_invocation(page.url.rpartition("/")[2])
    assert called.arguments.kwargs == {"text": shop.HOSTILE[1]}
    page = watched.open("/system")
    page.get_by_role("link", name="Maintenance").click()
    page.get_by_label("More than").fill("0")
    page.get_by_role("button", name="Count").click()
    number = page.locator("#content p b").first.inner_text()
    page.locator("input[name=typed]").first.fill("another app")
    page.get_by_role("button", name="Remove them").click()
    page.get_by_text("It was not confirmed").wait_for()
    page.go_back()
    maintenance: Maintenance = monitor.state.maintenance
    page.locator("input[name=typed]").last.fill(shop.app.app_id)
    page.get_by_role("button", name="Remove everything").click()
    page.get_by_text("It begins in").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("nothing was removed").wait_for()
    assert page.locator("#content p b").first.inner_text() == number
    maintenance.undo_seconds = 0.5
    page.locator("input[name=typed]").first.fill(shop.app.app_id)
    page.get_by_role("button", name="Remove them").click()
    page.get_by_text("It is done.").wait_for()
    assert number in page.locator("dl").first.inner_text()
    counts = shop.app.orchestrator.count_by_status()
    assert counts == {InvocationStatus.REGISTERED: 1}
    page.locator("input[name=typed]").last.fill(shop.app.app_id)
    page.get_by_role("button", name="Remove everything").click()
    eventually(lambda: not shop.app.orchestrator.count_by_status())
    page.get_by_text("It is done.").wait_for()
    removed = rf"what ended more than 0 days ago: {re.sub('[^0-9]', '', number)} invocations"
    purges = [one for one in entries(monitor) if one.action == "purge"]
    carried_out = ("done", "begun", "ordered")
    assert [(one.who, one.result) for one in purges] == [
        ("ada", result) for result in (*carried_out, *carried_out, "called off", "ordered", "refused")
    ]
    assert purges[3].detail == removed
    # A browser complains of the answers to what was wrong.
    watched.complaints[:] = [one for one in watched.complaints if "409" not in one and "422" not in one]


def test_a_removal_is_called_off_before_it_begins(
    shop: ModuleType, switched_on: FastAPI, admin: TestClient
) -> None:
    waiting = shop.charge(1, 1.0)
    form = {"scope": "everything", "typed": shop.app.app_id}
    assert act(admin, "/system/maintenance/purge", **form)[0] == 303
    page = admin.get("/system/maintenance").text
    assert "It begins in" in page
    # Meanwhile there is no second one, and others call off nothing.
    assert "Remove everything" not in page
    assert act(admin, "/system/maintenance/purge", **form)[0] == 409
    operator = logged_in(switched_on, Role.OPERATOR)
    assert operator.post("/system/maintenance/undo", headers=OURS).status_code == 403
    assert admin.post("/system/maintenance/undo", headers=OURS).status_code == 403  # without the form's token
    assert act(admin, "/system/maintenance/undo") == (303, "/system/maintenance?days=30")
    assert "nothing was removed" in admin.get("/system/maintenance").text
    code, text = act(admin, "/system/maintenance/undo")
    assert (code, "No removal waits" in text) == (409, True)
    answer = client_of(switched_on).post("/api/v1/maintenance/undo", headers=bearer(Role.ADMIN))
    assert answer.status_code == 409
    assert shop.app.get_invocation(waiting.invocation_id).status is InvocationStatus.REGISTERED
    waiting.cancel()


@pytest.mark.parametrize(
    ("component", "is_gone"),
    [
        ("orchestrator", (True, False, False)),
        ("client_data_store", (False, True, False)),
        ("trigger", (False, False, True)),
        ("state_backend", (False, False, False)),
    ],
)
def test_what_one_component_keeps_is_removed_and_nothing_else(
    shop: ModuleType, component: str, is_gone: tuple[bool, bool, bool]
) -> None:
    data, triggers = shop.app.client_data_store, shop.app.trigger
    data.put({"data:of this test": '"large"'})
    shop.charge(1, 1.0)
    with running(shop):
        known = len(triggers.list_runs())
        triggers.emit_event(shop.EVENT)
        eventually(lambda: len(triggers.list_runs()) > known)
    client = client_of(monitor_of(shop, allow_purge=True, undo_seconds=0.0))
    path = f"/api/v1/maintenance/purge?scope={component}&typed={shop.app.app_id}"
    assert client.post(path, headers=bearer(Role.ADMIN)).status_code == 200
    page = "/system/maintenance"
    eventually(lambda: "It is done." in client.get(page, headers=bearer(Role.ADMIN)).text)
    left = (shop.app.orchestrator.count_by_status(), data.count(), triggers.list_runs())
    assert tuple(not one for one in left) == is_gone
    # Of a shop whose records are the queue there is no other one.
    assert 'value="broker"' not in client.get(page, headers=bearer(Role.ADMIN)).text
    assert triggers.list_triggers()
