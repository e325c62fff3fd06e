"""The files of what an invocation was called with and returned, and the call as code."""

from __future__ import annotations

import html
import re
from types import ModuleType

import pytest
from fastapi.testclient import TestClient

from pynmon import Role

from .conftest import invocation_of, running, statements
from .logins import bearer, client_of, entries, logged_in, monitor_of

#: Longer than what a page shows of it, and with digits that JSON in browsers would round.
LONG = "12345678901234567890 " * 500_000


@pytest.fixture(scope="module")
def long(shop: ModuleType) -> str:
    """The page of a call with ten megabytes that returned them."""
    with running(shop):
        called = shop.echo(LONG)
        assert called.wait(60)
    return f"/invocations/{called.invocation_id}"


def test_a_large_value_is_shown_by_its_beginning_and_given_whole(
    shop: ModuleType, client: TestClient, long: str
) -> None:
    with statements(shop) as seen:
        page = client.get(long)
    assert len(seen) <= 8
    assert len(page.content) < 200_000
    assert "kept apart" in page.text
    files = re.findall(r'href="(/export/invocations/[^"]+)"', page.text)
    assert [one.rpartition("/")[2] for one in files] == ["text", "outcome"]
    for path in files:
        with statements(shop) as seen:
            answer = client.get(path)
        assert answer.content == f'"{LONG}"'.encode()
        assert len(seen) <= 3
    assert LONG[:300] not in client.get("/invocations").text


def test_digits_come_out_as_they_went_in(shop: ModuleType, client: TestClient) -> None:
    with running(shop):
        called = shop.charge(12345678901234567890, 1.10)
        assert called.wait(30)
    page = f"/export/invocations/{called.invocation_id}"
    assert client.get(f"{page}/arguments/customer_id").content == b"12345678901234567890"
    assert b'"customer":12345678901234567890' in client.get(f"{page}/outcome").content
    text = html.unescape(client.get(f"/invocations/{called.invocation_id}").text)
    assert "charge(customer_id=12345678901234567890, amount=1.1)" in text
    assert "from pynmon_shop import charge" in text


def test_a_file_is_never_taken_for_a_page(shop: ModuleType, client: TestClient) -> None:
    listed = client.get("/invocations?task=pynmon_shop.echo&size=200").text
    found = set()
    for path in set(re.findall(r'href="(/invocations/[^"]+)"', listed)):
        answer = client.get(f"/export{path}/outcome")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert re.fullmatch(r'attachment; filename="\w+-result\.txt"', answer.headers["content-disposition"])
        found.add(shop.app.serializer.deserialize(answer.content.decode("utf-8", "surrogatepass")))
    assert found >= set(shop.HOSTILE)


def test_an_exception_is_a_file_as_well(shop: ModuleType, client: TestClient) -> None:
    page = invocation_of(shop, client, "refuse")
    assert f'href="/export{page}/outcome"' in client.get(page).text
    answer = client.get(f"/export{page}/outcome")
    assert b"Traceback" in answer.content
    assert "-exception.txt" in answer.headers["content-disposition"]


def test_what_is_masked_on_pages_is_in_no_file(shop: ModuleType) -> None:
    monitor = monitor_of(shop)
    client = logged_in(monitor, Role.ADMIN)
    page = invocation_of(shop, client, "login")
    text = client.get(page).text
    assert re.findall(r'href="/export/invocations/[^/"]+/([^"]+)"', text) == ["arguments/user"]
    assert "app.rerun(" in text
    for name in ("arguments/password", "arguments/options", "outcome"):
        assert client.get(f"/export{page}/{name}").status_code == 403
    assert client.get(f"/export{page}/arguments/user").text == '"bob"'
    noted = [(one.result, one.detail) for one in entries(monitor) if one.action == "download"]
    assert sorted(noted) == [
        ("done", "argument user"),
        ("refused", "argument options"),
        ("refused", "argument password"),
        ("refused", "result"),
    ]


def test_files_are_for_those_who_may_see_payloads_and_each_is_noted(shop: ModuleType) -> None:
    monitor = monitor_of(shop, view_payloads=Role.OPERATOR)
    operator, viewer = logged_in(monitor, Role.OPERATOR), logged_in(monitor, Role.VIEWER)
    page = invocation_of(shop, operator, "charge")
    for name in ("arguments/amount", "outcome"):
        assert f"/export{page}/{name}" not in viewer.get(page).text
        for path in (f"/export{page}/{name}", f"/api/v1{page}/{name}"):
            assert viewer.get(path).status_code == 403
            assert operator.get(path).status_code == 200
    assert "The same call as code" not in viewer.get(page).text
    subject = page.rpartition("/")[2]
    noted = [one for one in entries(monitor) if subject in one.subject]
    assert [one.result for one in noted].count("denied") == 4
    assert [one.result for one in noted].count("done") == 4
    assert {one.who for one in noted if one.action == "download"} == {"operator"}
    program = client_of(monitor)
    answer = program.get(f"/api/v1{page}/arguments/amount", headers=bearer(Role.OPERATOR))
    assert (
        answer.content
        == client_of(monitor).get(f"/export{page}/arguments/amount", headers=bearer(Role.OPERATOR)).content
    )


@pytest.mark.parametrize(
    "name", ["arguments/nothing", "arguments/..%2F..%2Fx", "arguments/%00", "arguments/%22%3Cscript%3E"]
)
def test_what_was_never_given_is_no_file(shop: ModuleType, client: TestClient, name: str) -> None:
    answer = client.get(f"/export{invocation_of(shop, client, 'charge')}/{name}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert client.get("/export/invocations/nothing/outcome").status_code == 404
