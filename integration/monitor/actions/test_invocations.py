"""What operators do with invocations: again, or no more."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from integration.monitor.conftest import eventually, invocation_of, running
from integration.monitor.logins import OURS, act, entries, hidden, logged_in

from pynenc.values.status import InvocationStatus
from pynmon import Role


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
