"""What operators do: on record, by a form of ours or by a token, on pages that break no rule."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.testclient import TestClient
from integration.monitor.conftest import eventually, invocation_of, running
from integration.monitor.crawl import Page, crawl
from integration.monitor.logins import OURS, TOKENS, act, bearer, client_of, entries, logged_in

from pynenc.values.status import InvocationStatus
from pynmon import MonitorSettings, Role, create_monitor_app


def test_a_kind_of_failure_is_acknowledged_until_it_happens_again(
    shop: ModuleType, guarded: FastAPI, operator: TestClient, tmp_path: Path
) -> None:
    link = re.findall(r'href="(/failures/\w+)\?range', operator.get("/failures").text)[0]
    assert ">new</span>" in operator.get("/failures").text
    note = "a known one, see <b>42</b>"
    assert act(operator, f"{link}/acknowledge", note=note) == (303, link)
    for state, is_shown in (("", True), ("acknowledged", True), ("open", False)):
        assert (">acknowledged</span>" in operator.get(f"/failures?state={state}").text) is is_shown
    page = operator.get(link).text
    assert html.escape(note) in page
    assert "by operator" in page
    page = logged_in(guarded, Role.VIEWER).get(link).text
    assert html.escape(note) in page
    assert "It is known" not in page
    assert "by operator" not in page
    done = entries(guarded)[0]
    assert (done.action, done.subject, done.detail) == ("acknowledge", link.rpartition("/")[2], note)
    # Another monitor of the same file knows it, too.
    settings = MonitorSettings(tokens=TOKENS, read_only=False, audit_file=tmp_path / "audit.jsonl")
    later = logged_in(create_monitor_app(shop.app, settings), Role.OPERATOR)
    assert ">acknowledged</span>" in later.get("/failures").text
    with running(shop):
        assert shop.refuse("again").wait(30)
    again = logged_in(create_monitor_app(shop.app, settings), Role.OPERATOR)
    assert ">again</span>" in again.get("/failures?state=open").text
    assert "It happened again since." in again.get(link).text
    assert act(operator, "/failures/<script>/acknowledge")[0] == 422


def test_pages_of_an_operator_break_no_rule(shop: ModuleType, guarded: FastAPI, operator: TestClient) -> None:
    for text in shop.HOSTILE:
        waiting = shop.charge(1, 1.0)
        assert act(operator, f"/invocations/{waiting.invocation_id}/cancel", reason=text[:200])[0] == 303
    with running(shop):  # Without a runner its triggers are there for a time only, and with them their pages.
        eventually(lambda: all(trigger.in_force for trigger in shop.app.trigger.list_triggers()))
        pages = crawl(operator, "/audit", limit=150)
    for path, page in pages.items():
        assert page.forbidden == [], path
        assert page.headings == 1, path
        assert len(page.ids) == len(set(page.ids)), path
    assert "<script>window" not in pages["/audit"].text
    assert "&lt;script&gt;window" in pages["/audit"].text


def test_every_form_that_acts_carries_its_login(operator: TestClient, shop: ModuleType) -> None:
    for path in ("/", "/audit", invocation_of(shop, operator, "charge")):
        text = operator.get(path).text
        forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", text, flags=re.DOTALL)
        assert forms
        for form in forms:
            assert re.search(r'name="form_token" value="[0-9a-f]{128}"', form), form


def test_the_audit_survives_the_monitor(
    shop: ModuleType, guarded: FastAPI, operator: TestClient, tmp_path: Path
) -> None:
    waiting = shop.charge(1, 1.0)
    assert (
        act(operator, f"/invocations/{waiting.invocation_id}/cancel", reason='x"\n{"who": "eve"}')[0] == 303
    )
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["who"] == "operator"
    settings = MonitorSettings(tokens=TOKENS, read_only=False, audit_file=tmp_path / "audit.jsonl")
    later = logged_in(create_monitor_app(shop.app, settings), Role.ADMIN)
    page = Page(later.get("/audit").text)
    assert waiting.invocation_id in page.text
    assert page.forbidden == []


def test_programs_act_by_their_token(shop: ModuleType, guarded: FastAPI, operator: TestClient) -> None:
    client = client_of(guarded)
    waiting = shop.charge(1, 1.0)
    path = f"/api/v1/invocations/{waiting.invocation_id}"
    assert client.post(path + "/cancel", headers=bearer(Role.VIEWER), data={}).status_code == 403
    response = client.post(path + "/rerun", headers=bearer(Role.OPERATOR), data={})
    assert response.status_code == 409
    assert "end by itself" in response.json()["detail"]
    response = client.post(path + "/cancel?reason=enough", headers=bearer(Role.OPERATOR), data={})
    assert response.json() == {"invocation_id": waiting.invocation_id}
    assert waiting.history[-1].reason == "by operator: enough"
    new_id = operator.app.state.actions.reserve_id()  # type: ignore[attr-defined]
    for _ in range(2):
        response = client.post(f"{path}/rerun?new_id={new_id}", headers=bearer(Role.OPERATOR), data={})
        assert response.json() == {"invocation_id": new_id}
    other = client.post(path + "/rerun", headers=bearer(Role.OPERATOR), data={}).json()["invocation_id"]
    assert other != new_id
    for made in (new_id, other):
        assert shop.app.get_invocation(made).record.rerun_of == waiting.invocation_id
        shop.app.get_invocation(made).cancel()
    # A browser sends its cookie by itself, so that it needs what only a page of ours knows.
    assert operator.post(path + "/rerun", headers=OURS, data={}).status_code == 403


def test_programs_pause_acknowledge_and_recover_by_their_token(shop: ModuleType, guarded: FastAPI) -> None:
    client = client_of(guarded)

    def post(path: str, role: Role = Role.OPERATOR) -> tuple[int, Any]:
        response = client.post(f"/api/v1/{path}", headers=bearer(role), data={})
        return response.status_code, response.json()

    trigger_id = shop.app.trigger.list_triggers()[0].trigger_id
    with running(shop):
        eventually(lambda: shop.app.trigger.get(trigger_id).in_force)
        path = f"schedules/{quote(trigger_id, safe='')}"
        assert post(f"{path}/pause") == (200, {"done": True})
        assert post(f"{path}/pause")[0] == 409
        assert post(f"{path}/resume") == (200, {"done": True})
        asked = "01900000-0000-7000-8000-000000000000"
        assert post(f"{path}/fire?new_id={asked}") == (200, {"done": True})
        assert post(f"{path}/fire?new_id=x")[0] == 422
        # Nothing of it is in hand when the work of a runner is taken away below.
        eventually(
            lambda: (asked,) in [run.occurrence_ids for run in shop.app.trigger.list_runs(trigger_id, 1)]
        )
        assert shop.app.get_invocation(shop.app.trigger.list_runs(trigger_id)[0].invocation_id).wait(30)
    assert post("schedules/unknown/pause")[0] == 404
    assert post(f"failures/{'0' * 16}/acknowledge?note=known") == (200, {"done": True})
    assert post("failures/x/acknowledge")[0] == 422
    shop.released.clear()
    with running(shop):
        held = shop.hold()
        eventually(lambda: held.record.status is InvocationStatus.RUNNING)
        runner_id = held.record.runner_id
        assert post(f"runners/{runner_id}/recover")[0] == 403
        assert post(f"runners/{runner_id}/recover", Role.ADMIN)[0] == 409
        path = f"runners/{runner_id}/recover?typed={runner_id[:8]}"
        assert post(path, Role.ADMIN) == (200, {"number": 1})
        shop.released.set()
        assert held.get(30) == "released"
    assert post("runners/unknown/recover", Role.ADMIN)[0] == 404


def test_nobody_acts_without_a_login(shop: ModuleType, guarded: FastAPI) -> None:
    waiting = shop.charge(1, 1.0)
    client = client_of(guarded)
    assert client.post(f"/invocations/{waiting.invocation_id}/cancel", headers=OURS).status_code == 401
    assert waiting.status is InvocationStatus.REGISTERED
    waiting.cancel()
