"""The pages of one invocation and of its workflow, and how it is found."""

from __future__ import annotations

import re
from types import ModuleType

from fastapi.testclient import TestClient

from pynmon import MonitorSettings, create_monitor_app

from .conftest import invocation_of, statements


def test_a_part_of_an_id_in_the_address_leads_to_the_whole(shop: ModuleType, client: TestClient) -> None:
    whole = invocation_of(shop, client, "charge")
    response = client.get(whole[:-4])
    assert response.status_code == 404
    assert f'href="{whole}"' in response.text
    response = client.get("/invocations/nothing-begins-so")
    assert (response.status_code, "There is no invocation" in response.text) == (404, True)


def test_a_failed_invocation_is_explained(shop: ModuleType, client: TestClient) -> None:
    text = client.get(invocation_of(shop, client, "refuse")).text
    assert "Traceback (most recent call last)" in text
    assert "ValueError" in text


def test_an_invocation_leads_to_its_log_lines_elsewhere(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "flaky")
    assert "log lines</a>" not in client.get(path).text
    settings = MonitorSettings(log_url_template="https://logs.example.org/?q={invocation_id}&on={host}")
    other = TestClient(create_monitor_app(shop.app, settings), base_url="http://localhost")
    name = path.rpartition("/")[2]
    assert f'<a href="https://logs.example.org/?q={name}&amp;on=' in other.get(path).text


def test_an_invocation_is_found_by_either_end_of_its_id(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "flaky")
    name = path.rpartition("/")[2]
    shown = f"…{name[-8:]}"
    assert shown in client.get(path).text
    for wanted in (name, name[:-1], shown, name[-8:], f" invocation:{name} "):
        response = client.get("/find", params={"id": wanted}, follow_redirects=False)
        assert (response.status_code, response.headers.get("location")) == (303, path), wanted
    many = client.get("/find", params={"id": name[:4]}).text
    assert "Ids that begin with" in many
    assert many.count("<tr id=") == 20
    assert "No invocation has an id that begins so" in client.get("/find", params={"id": "zzzz"}).text
    assert client.get("/find", params={"id": "%%%%"}).status_code == 200


def test_an_invocation_names_those_that_called_it(shop: ModuleType, client: TestClient) -> None:
    text = client.get(invocation_of(shop, client, "nightly")).text
    assert "Called by" not in text
    below = re.findall(
        r'href="(/invocations/[^"]+)"', client.get("/invocations?q=task:*.batch%20has:parent").text
    )
    called = re.findall(r"Called by.*?<b>this</b>", client.get(below[0]).text, re.DOTALL)[0]
    assert re.findall(r'href="/tasks/pynmon_shop.(\w+)"', called) == ["nightly"]


def test_a_family_shows_its_equal_members_once(shop: ModuleType, client: TestClient) -> None:
    text = client.get(invocation_of(shop, client, "batch")).text
    assert "&times; 9" in text


def test_a_workflow_shows_its_hierarchy(shop: ModuleType, client: TestClient) -> None:
    (path,) = re.findall(r'href="(/workflows/(?!types)[^"]+)"', client.get("/workflows").text)
    with statements(shop) as seen:
        text = client.get(path).text
    assert len(seen) <= 6, seen
    assert "13 invocations" in text
    assert "3 levels" in text
    assert f'href="/timeline?root={path.rpartition("/")[2]}"' in text
    rows = re.findall(
        r'<tr><td class="depth-(\d)">.*?<a class="task"[^>]+>(\w+)</a> (<a [^>]+>&times; 8</a>)?', text
    )
    assert [(depth, task, bool(folded)) for depth, task, folded in rows] == [
        ("0", "nightly", False),
        ("1", "batch", False),
        ("2", "charge", True),
        ("1", "batch", False),
        ("2", "charge", False),
        ("2", "charge", False),
    ]


def test_an_invocation_as_json_is_found_where_it_was(shop: ModuleType, client: TestClient) -> None:
    path = invocation_of(shop, client, "charge")
    for old in ("api", "history"):
        assert client.get(f"{path}/{old}").json() == client.get(f"/api/v1{path}").json()
