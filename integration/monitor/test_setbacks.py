"""What was killed or lost and went on is shown beside failures, where somebody asks for it."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from integration.world import ALICE, ERROR, World, finish, hand_back, ids, recover
from playwright.sync_api import expect

from pynenc import Pynenc
from pynenc.values.runners import Beat
from pynmon import MonitorSettings, Role, create_monitor_app

from .conftest import Watched, for_everybody, statements_of
from .logins import TOKENS, entries, logged_in
from .test_bulk import confirm, dry_run, job_of

HOSTILE = "<img src=x onerror=alert(1)>.pay"


@pytest.fixture(scope="module", autouse=True)
def _setbacks(world: World) -> None:
    """Two of one task were killed, one of them twice; one was lost; one was handed back, which is neither."""
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    world.submit("once", "twice", task_id=HOSTILE, arguments="{}")
    world.submit("lost", task_id="app.lost")
    for name in ("once", "twice", "twice"):
        world.do(hand_back(world.claim(ids=ids(name))))
    world.do(finish(world.claim(ids=ids("once"))))
    world.claim(ids=ids("lost"))
    world.do(recover(world.record("lost")))


def lines_of(client: TestClient, address: str) -> list[list[str]]:
    """The cells of each kind that was killed or lost, as words."""
    text = client.get(address).text
    assert HOSTILE not in text
    rows = re.findall(r'<tr id="s-[^"]+">(.*?)</tr>', text, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def test_what_was_killed_or_lost_is_shown_when_it_is_asked_for(
    world_app: Pynenc, world_client: TestClient
) -> None:
    assert lines_of(world_client, "/failures") == []
    (killed,) = lines_of(world_client, "/failures?also=killed")
    assert killed[:2] == ["Killed", "3"]
    assert sorted(re.findall(r"\w+ \d", killed[3])) == ["Rerouted 1", "Success 1"]
    (lost,) = lines_of(world_client, "/failures?also=recovered")
    assert lost[:2] + lost[3:4] == ["Recovering (running)", "1", "Rerouted 1"]
    both = lines_of(world_client, "/failures?also=killed,recovered")
    assert [line[1] for line in both] == ["3", "1"]
    assert [
        line[1] for line in lines_of(world_client, "/failures?also=killed,recovered&q=task:app.lost")
    ] == ["1"]
    fresh = TestClient(create_monitor_app(world_app), base_url="http://localhost")
    with statements_of(world_app) as seen:
        assert fresh.get("/failures?also=killed,recovered").status_code == 200
    assert len(seen) <= 4, seen
    assert world_client.get("/failures?also=eaten").status_code == 422


def test_a_toggle_leads_to_the_rest_of_what_is_asked_for(world_client: TestClient) -> None:
    text = world_client.get("/failures?range=6h&state=open&also=killed").text
    links = {word: href for href, word in re.findall(r'<a href="([^"]+)"[^>]*>(\+ \w+)</a>', text)}
    assert links == {
        "+ killed": "/failures?range=6h&amp;state=open",
        "+ recovered": "/failures?range=6h&amp;state=open&amp;also=killed%2Crecovered",
    }
    for href in links.values():
        assert world_client.get(href.replace("&amp;", "&")).status_code == 200


def test_a_group_leads_to_the_list_of_what_may_be_like_it(world_client: TestClient) -> None:
    text = world_client.get("/failures?also=killed,recovered").text
    found = re.findall(r'href="(/invocations\?q=[^"]+)">similar ones', text)
    lists = [world_client.get(href.replace("&amp;", "&")).text for href in found]
    assert [text.count("<tr id=") for text in lists] == [2, 1]
    assert "/bulk/preview" not in text


def test_operators_run_exactly_those_of_a_group_again(world: World, world_app: Pynenc) -> None:
    guarded = create_monitor_app(
        world_app, MonitorSettings(requests_per_second=0, tokens=TOKENS, read_only=False)
    )
    operator = logged_in(guarded, Role.OPERATOR)
    killed = operator.get("/failures?also=killed").text
    ((ids_shown, word),) = re.findall(
        r'name="id" value="([^"]+)"><button name="action" value="rerun">([^<]+)', killed
    )
    assert word == "Run 2 again…"
    assert set(ids_shown.split()) == set(ids("once", "twice"))
    # What is killed while somebody reads is not among what they saw.
    world.submit("late", task_id=HOSTILE)
    world.do(hand_back(world.claim(ids=ids("late"))))
    world.do(finish(world.claim(ids=ids("late"))))
    page, fields = dry_run(operator, "rerun", id=ids_shown)
    assert "2 chosen invocations" in page
    assert "left alone: It is still going to end by itself: cancel it first." in page
    assert fields["expected"] == ["1"]
    job = job_of(operator, confirm(operator, fields).headers["location"])
    assert (job["state"], job["done"]) == ("done", 1)
    (again,) = operator.get("/api/v1/invocations", params={"q": "is:rerun"}).json()["invocations"]
    assert again["rerun_of"] == ids("once")[0]
    assert [one.action for one in entries(guarded)] == ["bulk rerun", "bulk rerun"]


def test_a_kind_that_was_opened_is_seen_until_it_happens_again(world: World, world_watched: Watched) -> None:
    def fails(name: str) -> None:
        world.submit(name, task_id="app.fails")
        world.do(finish(world.claim(ids=ids(name)), ERROR))

    fails("first")
    state = world_watched.page.locator("[data-kind]")
    world_watched.open("/failures")
    expect(state).to_have_text("new")
    world_watched.page.locator("[data-kind] ~ td > a.data").click()
    expect(world_watched.page.locator("[data-opened]")).to_be_visible()
    # Still, where it is looked at for the first time.
    expect(world_watched.page.locator(".head .status")).to_have_text("new")
    world_watched.open("/failures")
    expect(state).to_have_text("seen")
    for_everybody(world_watched.page, "seen")
    # It happens again while the page is open, which follows.
    world.pass_time(0.01)
    fails("second")
    expect(state).to_have_text("new", timeout=20_000)
    # What else is kept there is no reason for anything.
    world_watched.page.evaluate("localStorage.setItem('pynmon-seen world', '[7, [1], {}]')")
    world_watched.open("/failures")
    expect(state).to_have_text("new")


def test_everybody_can_read_it(world_watched: Watched) -> None:
    page = world_watched.open("/failures?also=killed,recovered")
    assert page.locator("main img").count() == 0
    for_everybody(page, "killed and recovered")
