"""What is open now: who waits for whom, how far runs are, who leads; and where a list begins."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from integration.world import ALICE, ERROR, World, call, finish, ids, pause, workflow

from pynenc import Pynenc
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation
from pynenc.values.runners import SWEEPER_LEASE, Beat, LeaseRequest

from .conftest import Watched, for_everybody, statements_of
from .crawl import Page

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def _waiting(world: World) -> None:
    """Two that wait for results, one that waits for a place, a run that is half done, and one that made no call yet."""
    world.submit("oldest", task_id="app.pay", args_id="same", args_preview=HOSTILE)
    world.do(finish(world.claim(ids=ids("oldest"))))
    # No two are registered in the same second of a form.
    world.pass_time(1.1)
    world.submit("newest", task_id="app.pay", args_id="same", args_preview=HOSTILE)
    world.submit("one", "two", "first", "other")
    one, two = (world.claim(ids=ids(name)) for name in ("one", "two"))
    world.do(pause(one, "first", "other"), pause(two, "other"))
    world.submit("holder", "parked", cc_key="key", cc_limit=1, cc_park=True)
    world.claim(ids=ids("holder"))
    assert world.claims(ids=ids("parked")) == []
    world.submit("nested", task_id="app.deep.task")
    run = InvocationId("run")
    calls: list[NewInvocation] = [workflow(name, task_id="app.flow") for name in ("run", "empty")]
    calls += [call(f"step-{n}", parent_id=run, root_id=run, depth=1, task_id="app.step") for n in range(6)]
    world.orchestrator.submit(calls, {}, enqueue=True)
    world.claim(ids=ids("run"))
    world.do(*(finish(world.claim(ids=ids(f"step-{n}"))) for n in (0, 1)))
    world.do(finish(world.claim(ids=ids("step-2")), ERROR))
    world.orchestrator.beat(Beat(alive=(ALICE,), lease=LeaseRequest(SWEEPER_LEASE, ALICE.runner_id, 3600.0)))


def linked(text: str, words: str) -> list[str]:
    """The invocations that follow some words on a page."""
    found = re.findall(rf"<span>{words} (.*?)</span></p>", text, re.DOTALL)
    return sorted(re.findall(r'href="/invocations/([^"]+)"', "".join(found)))


def test_an_invocation_leads_to_what_it_waits_for_and_who_waits_for_it(
    world_app: Pynenc, world_client: TestClient
) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/invocations/one").text
    assert len(seen) <= 8, seen
    assert (linked(text, "Waits for"), linked(text, "Waited for by")) == (["first", "other"], [])
    text = world_client.get("/invocations/other").text
    assert (linked(text, "Waits for"), linked(text, "Waited for by")) == ([], ["one", "two"])
    assert linked(world_client.get("/invocations/parked").text, "Its places are held by") == ["holder"]
    assert "Waits for" not in world_client.get("/invocations/oldest").text
    answer = world_client.get("/api/v1/invocations/one").json()
    assert (sorted(answer["waits_for"]), answer["waited_for_by"]) == (["first", "other"], [])


def test_the_list_of_runs_shows_how_far_they_are(world_app: Pynenc, world_client: TestClient) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/workflows").text
    assert len(seen) <= 3, seen
    rows = dict(re.findall(r'<tr id="w-(\w+)">(.*?)</tr>', text, re.DOTALL))
    assert "3 of 6 <svg" in rows["run"]
    assert re.findall(r'class="fill (\S+)" (?:x="2" )?width="(\d)"', rows["run"]) == [
        ("st-success", "2"),
        ("st-failed", "1"),
    ]
    assert '<svg class="far"' not in rows["empty"]
    assert world_client.get("/api/v1/workflows").json()["progress"] == {
        "run": {"total": 6, "succeeded": 2, "failed": 1, "is_cut": False}
    }


def test_it_is_told_which_runner_leads(world_app: Pynenc, world_client: TestClient) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/runners").text
    assert len(seen) <= 7, seen
    assert re.search(r'id="leader">.*?<p class="count"><a class="id" href="/runners/alice"', text, re.DOTALL)
    assert (
        world_client.get("/runners/leader", follow_redirects=False).headers["location"] == "/runners#leader"
    )
    assert world_client.get("/api/v1/runners").json()["leader"]["holder"] == "alice"


def test_a_task_shows_who_has_its_places_and_who_stands_in_line(
    world_app: Pynenc, world_client: TestClient
) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/tasks/app.task").text
    assert len(seen) <= 8, seen
    (places,) = re.findall(r"<h2>Places .*?<tbody>(.*?)</tbody>", text, re.DOTALL)
    assert re.findall(r"<tr>.*?</tr>", places, re.DOTALL) == [places.strip()]
    assert re.findall(r'href="/invocations/([^"]+)"', places) == ["holder", "parked"]
    assert "1 of 1" in places
    assert "Places" not in world_client.get("/tasks/app.pay").text


def test_a_task_shows_the_calls_that_are_made_again_and_again(world_client: TestClient) -> None:
    text = world_client.get("/tasks/app.pay").text
    (calls,) = re.findall(r"<h2>Calls made again.*?<tbody>(.*?)</tbody>", text, re.DOTALL)
    assert re.findall(r'href="([^"]+)"', calls) == ["/calls/app.pay%3Asame"]
    assert html.escape(HOSTILE) in calls
    assert "2 times" in calls
    assert "Calls made again" not in world_client.get("/tasks/app.step").text


def test_tasks_are_shown_by_module(world_client: TestClient) -> None:
    text = world_client.get("/tasks?by=module&sort=task").text
    lines = re.findall(
        r'<tr class="module (depth-\d)">.*?title="Only these">([^<]+)</a>.*?<td class="num">(\d+)',
        text,
        re.DOTALL,
    )
    assert lines == [("depth-0", "app", "16"), ("depth-1", "app.deep", "1")]
    assert re.findall(r'id="t-([^"]+)"', text) == [
        "app.flow",
        "app.pay",
        "app.step",
        "app.task",
        "app.deep.task",
    ]
    narrowed = Page(text).links
    assert "?range=1h&sort=task&search=app.deep." in narrowed
    assert world_client.get("/tasks?by=colour").status_code == 422


def test_a_call_leads_to_all_of_its_invocations(world_app: Pynenc, world_client: TestClient) -> None:
    (path,) = set(re.findall(r'href="(/calls/[^"]+)"', world_client.get("/invocations/oldest").text))
    with statements_of(world_app) as seen:
        answer = world_client.get(path)
    assert len(seen) <= 2, seen
    assert re.findall(r'<tr id="i-(\w+)"', answer.text) == ["newest", "oldest"]
    assert html.escape(HOSTILE) in answer.text
    page = Page(answer.text)
    assert (page.forbidden, page.headings) == ([], 1)
    for wrong, code in (("app.pay:other", 404), ("nothing", 404), ("app.pay:same?cursor=x", 400)):
        assert world_client.get(f"/calls/{wrong}").status_code == code


def test_a_list_begins_where_somebody_wants_it(world_app: Pynenc, world_client: TestClient) -> None:
    registered = world_client.get("/api/v1/invocations/newest").json()["invocation"]["created_at"]
    at = datetime.fromisoformat(registered).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    with statements_of(world_app) as seen:
        text = world_client.get("/invocations", params={"at": at, "task": "app.pay"}).text
    assert len(seen) <= 5, seen
    assert re.findall(r'<tr id="i-(\w+)"', text) == ["oldest"]
    # It stands still, and the rest of the address stays.
    assert 'hx-trigger="changed"' not in text
    assert '<input type="hidden" name="task" value="app.pay">' in text
    found = world_client.get("/api/v1/invocations", params={"before": f"{at}Z", "task": "app.pay"}).json()
    assert [one["invocation_id"] for one in found["invocations"]] == ["oldest"]
    far = world_client.get("/invocations?at=9999-12-31T23:59:59").text
    assert '<tr id="i-run"' in far
    assert "None" in world_client.get("/invocations?at=0001-01-01T00:00").text
    for wrong in ("yesterday", "1e9", HOSTILE, "2026-13-01", "0001-01-01T00:00+23:59"):
        answer = world_client.get("/invocations", params={"at": wrong})
        assert answer.status_code in (200, 422), wrong
        assert HOSTILE not in answer.text


def test_pinned_tasks_are_one_click_away_and_pages_are_for_everybody(world_watched: Watched) -> None:
    page = world_watched.open("/invocations")
    assert not page.locator("#pinned").is_visible()
    for task in ("app.pay", "app.step"):
        world_watched.open(f"/tasks/{task}").get_by_role("button", name="Pin").click()
    assert page.get_by_role("button", name="Pinned").get_attribute("aria-pressed") == "true"
    world_watched.open("/invocations").get_by_role("link", name="Pinned tasks").click()
    page.wait_for_url("**q=task*")
    assert page.locator("tbody tr").count() == 2 + 6
    assert page.locator("#pinned").get_attribute("aria-current") == "true"
    # What others left in the browser is text.
    page.evaluate("text => localStorage.setItem('pynmon-pinned world', JSON.stringify([text, 7]))", HOSTILE)
    assert world_watched.open("/invocations").locator("#pinned img").count() == 0
    page.evaluate("localStorage.setItem('pynmon-pinned world', 'no JSON')")
    for path in (
        "/invocations?status=registered",
        "/workflows",
        "/runners",
        "/invocations/one",
        "/calls/app.pay:same",
    ):
        for_everybody(world_watched.open(path), path)
    page.set_viewport_size({"width": 1440, "height": 900})
    page = world_watched.open("/invocations")
    page.get_by_label("Registered before").fill("2020-01-31T08:00:00")
    page.get_by_role("button", name="Go there").click()
    page.wait_for_url("**at=2020-01-31T08*")
    assert "further back" in page.locator(".empty").inner_text()
