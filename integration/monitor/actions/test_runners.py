"""What operators do with runners, and with what those had in hand."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from fastapi import FastAPI
from fastapi.testclient import TestClient
from integration.monitor.conftest import eventually, running
from integration.monitor.logins import TOKENS, act, bearer, client_of, entries, logged_in

from pynenc import PynencBuilder
from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.operations import ClaimRequest, NewInvocation, Step
from pynenc.values.runners import Beat, RunnerIdentity
from pynenc.values.status import InvocationStatus
from pynmon import MonitorSettings, Role, create_monitor_app


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
