"""What operators do: through the rules of the engine, without the code of any task, and on record."""

from __future__ import annotations

import html
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pynenc import PynencBuilder
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import ClaimRequest, NewInvocation, Step
from pynenc.values.runners import Beat, RunnerIdentity
from pynenc.values.status import InvocationStatus
from pynmon import MonitorSettings, Role, create_monitor_app

from .conftest import eventually, invocation_of, running
from .crawl import Page, crawl
from .test_access import OURS, TOKENS, bearer, client_of, entries, form_token_of, logged_in


@pytest.fixture
def guarded(shop: ModuleType, tmp_path: Path) -> Iterator[FastAPI]:
    """A monitor of an app that has the shop's store and none of its code."""
    store = shop.app.orchestrator.store.writer.execute("PRAGMA database_list").fetchone()[2]
    bare = PynencBuilder().app_id("shop").sqlite(store).custom_config(task_modules=["pynmon_shop"]).build()
    settings = MonitorSettings(
        tokens=TOKENS, read_only=False, requests_per_second=0, audit_file=tmp_path / "audit.jsonl"
    )
    yield create_monitor_app(bare, settings)
    bare.close()


@pytest.fixture
def operator(guarded: FastAPI) -> Iterator[TestClient]:
    """Logged in; whatever is done, no task is imported and no payload decoded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "pynmon_shop")
        yield logged_in(guarded, Role.OPERATOR)
        assert "pynmon_shop" not in sys.modules, "a task was imported"


def hidden(client: TestClient, path: str) -> dict[str, str]:
    """What the forms of a page carry."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', client.get(path).text))


def act(client: TestClient, path: str, **data: str) -> tuple[int, str]:
    response = client.post(path, headers=OURS, data={"form_token": form_token_of(client), **data})
    return response.status_code, response.headers.get("location", response.text)


def test_a_call_is_made_again_once_for_each_form(
    shop: ModuleType, guarded: FastAPI, operator: TestClient
) -> None:
    path = invocation_of(shop, operator, "charge")
    form = hidden(operator, path)
    answers = [operator.post(path + "/rerun", headers=OURS, data=form) for _ in range(2)]
    assert {(one.status_code, one.headers["location"]) for one in answers} == {
        (303, f"/invocations/{form['new_id']}")
    }
    again = shop.app.get_invocation(form["new_id"])
    first = shop.app.get_invocation(path.rpartition("/")[2])
    assert again.record.rerun_of == first.invocation_id
    assert again.arguments.kwargs == first.arguments.kwargs
    assert again.status is InvocationStatus.REGISTERED
    with running(shop):
        assert again.get(30) == first.get(30)
    # Each of both leads to the other.
    text = operator.get(path).text
    assert (
        re.findall(r"Repeated as.*?</span>", text, re.DOTALL)[0].count(
            f'"/invocations/{again.invocation_id}"'
        )
        == 1
    )
    assert f'Repeats <a class="id" href="{path}"' in " ".join(
        operator.get(f"/invocations/{again.invocation_id}").text.split()
    )
    done = entries(guarded)[0]
    assert (done.who, done.action, done.result) == ("operator", "rerun", "done")
    assert done.subject == first.invocation_id
    assert done.detail == f"as {again.invocation_id}"


def test_another_form_makes_another_one(shop: ModuleType, operator: TestClient) -> None:
    path = invocation_of(shop, operator, "charge")
    made = {act(operator, path + "/rerun", new_id=hidden(operator, path)["new_id"]) for _ in range(2)}
    assert {code for code, _ in made} == {303}
    assert len(made) == 2
    for _, location in made:
        shop.app.get_invocation(location.rpartition("/")[2]).cancel()


@pytest.mark.parametrize("new_id", ["", "x", "../..", "00000000-0000-0000-0000-000000000000"])
def test_an_id_of_ones_own_is_refused(shop: ModuleType, operator: TestClient, new_id: str) -> None:
    path = invocation_of(shop, operator, "charge")
    assert act(operator, path + "/rerun", new_id=new_id)[0] == 422


def test_what_is_open_is_not_made_again_but_cancelled(
    shop: ModuleType, guarded: FastAPI, operator: TestClient
) -> None:
    waiting = shop.charge(1, 1.0)
    path = f"/invocations/{waiting.invocation_id}"
    form = hidden(operator, path)
    code, text = act(operator, path + "/rerun", new_id=form["new_id"])
    assert code == 409
    assert "going to end by itself" in text
    assert entries(guarded)[0].result == "refused"
    code, location = act(operator, path + "/cancel", reason="a mistake")
    assert (code, location) == (303, path)
    assert waiting.status is InvocationStatus.CANCELLED
    assert waiting.history[-1].reason == "by operator: a mistake"
    assert "by operator: a mistake" in operator.get(path).text
    code, text = act(operator, path + "/cancel")
    assert code == 409
    assert "It has ended" in text
    assert [(one.action, one.result) for one in entries(guarded)] == [
        ("cancel", "refused"),
        ("cancel", "done"),
        ("rerun", "refused"),
    ]


@pytest.mark.parametrize("cascade", [True, False])
def test_whatever_it_called_is_cancelled_with_it_if_that_is_asked_for(
    shop: ModuleType, operator: TestClient, cascade: bool
) -> None:
    shop.released.clear()
    with running(shop):
        parent = shop.hold_below()
        below: list[str] = []

        def is_running() -> bool:
            family = operator.get(f"/api/v1/invocations?root={parent.invocation_id}").json()["invocations"]
            below[:] = [one["invocation_id"] for one in family if one["task_id"] == "pynmon_shop.hold"]
            return any(one["status"] == "running" for one in family if one["invocation_id"] in below)

        eventually(is_running)
        data = {"cascade": "true"} if cascade else {}
        assert act(operator, f"/invocations/{parent.invocation_id}/cancel", **data)[0] == 303
        assert parent.status is InvocationStatus.CANCELLED
        child = shop.app.get_invocation(below[0])
        assert (child.status is InvocationStatus.CANCELLED) == cascade
        shop.released.set()
        assert child.wait(30)
    expected = InvocationStatus.CANCELLED if cascade else InvocationStatus.SUCCESS
    assert child.status is expected


def test_what_is_not_there_cannot_be_acted_upon(operator: TestClient) -> None:
    new_id = "01900000-0000-7000-8000-000000000000"
    assert act(operator, "/invocations/unknown/rerun", new_id=new_id)[0] == 404
    assert act(operator, "/invocations/unknown/cancel")[0] == 404


def test_controls_are_there_for_those_who_may_use_them(
    shop: ModuleType, guarded: FastAPI, operator: TestClient
) -> None:
    path = invocation_of(shop, operator, "refuse")
    page = operator.get(path).text
    assert "<button>Run again</button>" in page
    assert 'disabled aria-describedby="why-no-cancel"' in page
    assert "It has ended." in page
    page = logged_in(guarded, Role.VIEWER).get(path).text
    assert "Run again" not in page
    assert not re.search(">Cancel[ …<]", page)
    waiting = shop.charge(1, 1.0)
    page = operator.get(f"/invocations/{waiting.invocation_id}").text
    assert 'disabled aria-describedby="why-no-rerun"' in page
    assert "Cancel it for good" in page
    waiting.cancel()


def test_a_workflow_begins_anew_from_its_page(shop: ModuleType, operator: TestClient) -> None:
    (path,) = re.findall(r'href="(/workflows/(?!types)[^"]+)"', operator.get("/workflows").text)
    form = hidden(operator, path)
    response = operator.post(f"{path.replace('/workflows/', '/invocations/')}/rerun", headers=OURS, data=form)
    assert response.status_code == 303
    again = shop.app.get_invocation(form["new_id"])
    with running(shop):
        assert again.get(30) == shop.app.get_invocation(path.rpartition("/")[2]).get(30)
    assert again.record.workflow_id == again.invocation_id
    assert f"/workflows/{again.invocation_id}" in operator.get("/workflows").text


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


def test_a_runner_is_told_to_take_nothing_more(
    shop: ModuleType, guarded: FastAPI, operator: TestClient
) -> None:
    shop.released.clear()
    with running(shop):
        held = shop.hold()
        eventually(lambda: held.record.status is InvocationStatus.RUNNING)
        runner_id = held.record.runner_id
        path = f"/runners/{runner_id}"
        assert "Have it take nothing more" not in logged_in(guarded, Role.VIEWER).get(path).text
        assert act(operator, f"{path}/drain") == (303, path)
        assert "takes nothing more</span>" in operator.get(path).text
        eventually(lambda: "takes nothing more</span>" in operator.get("/runners").text)
        assert "Have it take nothing more" not in operator.get(path).text
        slots = re.findall(r"<b>(\d)</b> (used|free|idle)", operator.get("/runners").text)
        assert slots == [("1", "used"), ("0", "free"), ("3", "idle")]
        client = client_of(guarded)
        response = client.post(f"/api/v1{path}/drain", headers=bearer(Role.OPERATOR), data={})
        assert (response.status_code, response.json()["detail"]) == (409, "It takes nothing more already.")
        assert client.get(f"/api/v1{path}", headers=bearer(Role.VIEWER)).json()["runner"]["drains"]
        beats = shop.app.orchestrator.list_runners()[0].beats
        eventually(lambda: shop.app.orchestrator.list_runners()[0].beats >= beats + 2)
        later = shop.charge(1, 1.0)
        shop.released.set()
        assert held.get(30) == "released"
        eventually(lambda: not shop.app.runner.running)
    assert later.record.epoch == 0
    later.cancel()
    code, text = act(operator, f"{path}/drain")
    assert code == 409
    assert "It does not live." in text
    assert act(operator, "/runners/unknown/drain")[0] == 404
    noted = [(one.action, one.subject, one.result) for one in reversed(entries(guarded))]
    assert noted == [("drain", runner_id, result) for result in ("done", "refused", "refused")]


def test_the_work_of_a_living_runner_is_taken_away_by_an_admin_who_says_so_twice(
    shop: ModuleType, guarded: FastAPI, operator: TestClient
) -> None:
    shop.released.clear()
    admin = logged_in(guarded, Role.ADMIN)
    with running(shop):
        held = shop.hold()
        eventually(lambda: held.record.status is InvocationStatus.RUNNING)
        path = f"/runners/{held.record.runner_id}"
        assert "Take its work away" not in operator.get(path).text
        assert act(operator, f"{path}/recover")[0] == 403
        code, text = act(admin, f"{path}/recover")
        assert code == 409
        assert "It lives" in text
        assert held.record.epoch == 1
        typed = re.findall(r'<b class="data">([^<]+)</b> to go on', admin.get(path).text)[0]
        assert act(admin, f"{path}/recover", typed=typed) == (303, path)
        shop.released.set()
        assert held.get(30) == "released"
    assert held.record.recoveries == 1
    assert "by admin" in [entry.reason for entry in held.history]
    done = next(one for one in entries(guarded) if one.result == "done")
    assert done.action == "recover"
    # It may have beaten only once by then.
    assert done.detail in {f"1 of a runner that was {state}" for state in ("starting", "alive")}
    assert act(admin, "/runners/unknown/recover")[0] == 404


def test_what_a_dead_runner_had_in_hand_is_given_to_others_at_once(
    shop: ModuleType, guarded: FastAPI, operator: TestClient
) -> None:
    waiting = shop.charge(1, 1.0)
    lost = RunnerIdentity(runner_id=RunnerId("lost-one"), runner_cls="ThreadRunner", host="h", pid=1)
    shop.app.orchestrator.beat(Beat(alive=(lost,)))
    claim = ClaimRequest(runner=lost, token="t", ids=(waiting.invocation_id,))
    assert shop.app.orchestrator.advance(Step(claim=claim)).claims
    shop.app.orchestrator.beat(Beat(stopped=((lost.runner_id, "lost"),)))
    admin = logged_in(guarded, Role.ADMIN)
    assert "Give what it had in hand to others now" in admin.get("/runners/lost-one").text
    assert act(admin, "/runners/lost-one/recover") == (303, "/runners/lost-one")
    assert waiting.record.status is InvocationStatus.REROUTED
    text = admin.get("/runners/lost-one").text
    assert "Give what it had" not in text
    assert waiting.invocation_id in text.partition("was begun again")[2]
    waiting.cancel()


def test_with_a_silent_supervisor_its_silent_workers_lose_their_work(tmp_path: Path) -> None:
    quick = {"runner_considered_dead_after_minutes": 0.05, "heartbeat_interval_seconds": 0.1}
    app = PynencBuilder().app_id("shop").sqlite(str(tmp_path / "a.db")).custom_config(**quick).build()
    boss = RunnerIdentity(runner_id=RunnerId("boss"), runner_cls="ProcessRunner", host="h", pid=1)
    worker, living = (
        RunnerIdentity(
            runner_id=RunnerId(name), runner_cls="Worker", host="h", pid=2, parent_id=boss.runner_id
        )
        for name in ("worker", "living")
    )
    ids = [InvocationId("one"), InvocationId("two")]
    app.orchestrator.submit(
        [NewInvocation(invocation_id=one, task_id="a.b", args_id="x", root_id=one) for one in ids],
        {},
        enqueue=True,
    )
    app.orchestrator.beat(Beat(alive=(boss, worker)))
    for runner, one in zip((worker, living), ids, strict=True):
        claim = ClaimRequest(runner=runner, token=runner.runner_id, ids=(one,))
        assert app.orchestrator.advance(Step(claim=claim)).claims
    monitor = create_monitor_app(app, MonitorSettings(tokens=TOKENS, read_only=False))
    source, rhythm = monitor.state.source, monitor.state.source.rhythm
    rows = app.orchestrator.list_runners()
    eventually(lambda: all(rhythm.state_of(row, source.now()) == "dead" for row in rows))
    admin = logged_in(monitor, Role.ADMIN)
    assert "Give what it had in hand" in admin.get("/runners/boss").text
    code, text = act(admin, "/runners/worker/drain")
    assert code == 409
    assert "ask its supervisor boss" in text
    app.orchestrator.beat(Beat(alive=(living,)))
    assert act(admin, "/runners/boss/recover")[0] == 303
    statuses = {one: record.status for one, record in app.orchestrator.get_records(ids).items()}
    assert statuses == {ids[0]: InvocationStatus.REROUTED, ids[1]: InvocationStatus.RUNNING}
    app.close()


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
