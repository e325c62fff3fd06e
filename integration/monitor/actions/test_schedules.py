"""What operators do with what would come by itself: a trigger, or the next attempt."""

from __future__ import annotations

import html
import re
from types import ModuleType
from urllib.parse import quote, unquote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from integration.monitor.conftest import eventually, running
from integration.monitor.logins import act, bearer, client_of, entries, hidden, logged_in

from pynenc.values.status import InvocationStatus
from pynmon import Role


def test_a_trigger_is_paused_and_resumed(shop: ModuleType, guarded: FastAPI, operator: TestClient) -> None:
    info = shop.app.trigger.list_triggers()[0]
    with running(shop):
        eventually(lambda: shop.app.trigger.get(info.trigger_id).in_force)
        links = re.findall(r'href="(/schedules/[^"]+)"', operator.get("/schedules").text)
        path = next(link for link in map(html.unescape, links) if unquote(link).endswith(info.trigger_id))
        for action, undo in (("pause", "Resume"), ("resume", "Pause")):
            code, location = act(operator, f"{path}/{action}")
            assert (code, unquote(location)) == (303, unquote(path))
            assert shop.app.trigger.get(info.trigger_id).paused is (action == "pause")
            assert f"<button>{undo}</button>" in operator.get(path).text
            code, text = act(operator, f"{path}/{action}")
            assert code == 409
            assert "paused." in text
        page = logged_in(guarded, Role.VIEWER).get(path).text
    assert "<button>Pause</button>" not in page
    assert act(operator, "/schedules/unknown/pause")[0] == 404
    assert [(one.action, one.subject, one.result) for one in reversed(entries(guarded))] == [
        (action, info.trigger_id, result) for action in ("pause", "resume") for result in ("done", "refused")
    ]


def test_a_trigger_is_run_now_once_for_each_form(
    shop: ModuleType, guarded: FastAPI, operator: TestClient
) -> None:
    trigger_id = shop.app.trigger.list_triggers()[0].trigger_id
    path = f"/schedules/{quote(trigger_id)}"
    before = len(shop.app.trigger.list_runs(trigger_id))
    with running(shop):
        eventually(lambda: shop.app.trigger.get(trigger_id).in_force)
        form = hidden(operator, path)
        for _ in range(2):
            code, location = act(operator, f"{path}/fire", new_id=form["new_id"])
            assert (code, unquote(location)) == (303, unquote(path))
        eventually(lambda: len(shop.app.trigger.list_runs(trigger_id)) > before)
        run = shop.app.trigger.list_runs(trigger_id)[0]
        assert run.occurrence_ids == (form["new_id"],)
        assert shop.app.get_invocation(run.invocation_id).wait(30)
        assert len(shop.app.trigger.list_runs(trigger_id)) == before + 1
        shop.app.trigger.pause(trigger_id)
        assert "Run now" not in operator.get(path).text
        code, text = act(operator, f"{path}/fire", new_id=form["new_id"])
        assert code == 409
        assert "resume it first" in text
        shop.app.trigger.resume(trigger_id)
        assert "Run now" not in logged_in(guarded, Role.VIEWER).get(path).text
    assert act(operator, "/schedules/unknown/fire", new_id=form["new_id"])[0] == 404
    assert act(operator, f"{path}/fire", new_id="x")[0] == 422
    noted = [(one.action, one.subject, one.result) for one in reversed(entries(guarded))]
    assert noted == [("fire", trigger_id, result) for result in ("done", "done", "refused")]


@pytest.mark.parametrize("by", ["form", "program"])
def test_what_waits_for_its_next_attempt_is_tried_again_now(
    shop: ModuleType, guarded: FastAPI, operator: TestClient, by: str
) -> None:
    with running(shop):
        waiting = shop.patient(shop.HOSTILE[0])
        eventually(lambda: waiting.record.status is InvocationStatus.RETRY)
        path = f"/invocations/{waiting.invocation_id}"
        assert "Try again now" in operator.get(path).text
        assert "Try again now" not in logged_in(guarded, Role.VIEWER).get(path).text
        if by == "form":
            assert act(operator, f"{path}/retry") == (303, path)
        else:
            client, headers = client_of(guarded), bearer(Role.OPERATOR)
            response = client.post(f"/api/v1{path}/retry", headers=headers, data={})
            assert response.json() == {"invocation_id": waiting.invocation_id}
        assert waiting.get(30) == shop.HOSTILE[0]
    assert "Try again now" not in operator.get(path).text
    code, text = act(operator, f"{path}/retry")
    assert code == 409
    assert "does not wait for another attempt" in text
    assert "by operator" in [entry.reason for entry in waiting.history]
    assert [(one.action, one.result) for one in entries(guarded)] == [("retry", "refused"), ("retry", "done")]
    assert act(operator, "/invocations/unknown/retry")[0] == 404
