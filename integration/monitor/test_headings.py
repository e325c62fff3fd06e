"""Hosts and runners above the lanes of a timeline: they fold, lead to what they stand for, and cost few nodes."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from integration.world import World, finish, ids

from pynenc import Pynenc
from pynenc.values.ids import RunnerId
from pynenc.values.runners import Beat, RunnerIdentity
from pynmon.timeline import lanes, nodes, spans

from .conftest import Watched, for_everybody, statements_of
from .crawl import Page

HOSTILE = "<img src=x onerror=alert(1)>"
#: As many lanes as a picture has without headings.
HOSTS, WORKERS = 10, 20


def identity(name: str, host: str, parent: str | None = None) -> RunnerIdentity:
    return RunnerIdentity(
        runner_id=RunnerId(name),
        runner_cls="ProcessRunnerWorker" if parent else "ProcessRunner",
        host=host,
        pid=1,
        parent_id=RunnerId(parent) if parent else None,
    )


@pytest.fixture(scope="module", autouse=True)
def _hosts(world: World) -> None:
    """Two invocations by each of twenty workers on each of ten hosts, one of which has a name that is markup."""
    names = [HOSTILE, *(f"host-{n}" for n in range(1, HOSTS))]
    bosses = [identity(f"boss-{at}", host) for at, host in enumerate(names)]
    workers = [
        identity(f"worker-{at}-{n}", host, f"boss-{at}")
        for at, host in enumerate(names)
        for n in range(WORKERS)
    ]
    world.orchestrator.beat(Beat(alive=(*bosses, *workers)))
    for worker in workers:
        calls = [f"{worker.runner_id}-{n}" for n in range(2)]
        world.submit(*calls, task_id="app.task")
        for name in calls:
            claim = world.claim(worker, ids=ids(name))
            world.pass_time(0.005)
            world.do(finish(claim))
            world.pass_time(0.005)


def test_each_level_of_detail_has_headings_and_few_nodes(
    world_app: Pynenc, world_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page() -> Page:
        with statements_of(world_app) as seen:
            text = world_client.get("/timeline").text
        assert len(seen) <= 6, seen
        assert HOSTILE not in text
        headings = re.findall(r'class="heading" href="[^"]+" aria-label="Fold ([^"]*)"', text)
        bosses = len([one for one in headings if one.startswith("ProcessRunner boss-")])
        assert len(headings) == 2 * bosses
        drawn = text.count("data-lane=")
        # What has no place is on the next page.
        assert f"{HOSTS * WORKERS - drawn} more runners found no place" in text
        assert f"skip={drawn}" in text
        return Page(text)

    assert len(page().tags) <= nodes.MOST_SINGLE
    monkeypatch.setattr(lanes, "SINGLE", 1)
    assert len(page().tags) <= nodes.MOST_MERGED
    monkeypatch.setattr(spans, "LIMIT", 10)
    text = world_client.get("/timeline").text
    assert "columns show how busy each runner was" in text
    assert 'aria-label="Fold host-' in text
    assert len(Page(text).tags) <= nodes.MOST_MERGED


def test_a_folded_host_tells_what_ran_there(world_client: TestClient) -> None:
    text = world_client.get("/timeline?fold=@host-3").text
    assert f"on {HOSTS * WORKERS} runners" in text
    assert 'aria-label="Unfold host-3 "' in text
    record = world_client.get("/api/v1/invocations/worker-3-7-0").json()["invocation"]
    asked = {"at": datetime.fromisoformat(record["started_at"]).timestamp(), "near": 0.0001}
    found = {
        lane: set(
            re.findall(
                r'href="/invocations/(worker[^"]+)"',
                world_client.get("/timeline/at", params={**asked, "lane": lane}).text,
            )
        )
        for lane in ("@host-3", "@boss-3", "@host-4", "@nowhere", "worker-3-7")
    }
    assert found["@host-3"] == found["@boss-3"] == found["worker-3-7"] == {"worker-3-7-0"}
    assert found["@host-4"] == found["@nowhere"] == set()
    saved = world_client.get("/timeline.svg?fold=@host-3").text
    assert (saved.count(">host-3<"), saved.count(">host-4 <")) == (1, 1)


def test_a_heading_folds_where_it_is_clicked(world_watched: Watched) -> None:
    page = world_watched.open("/timeline?q=runner:worker-1")
    page.get_by_role("link", name="Fold ProcessRunner boss-1").click()
    page.wait_for_url("**fold=%40boss-1**")
    unfold = page.get_by_role("link", name="Unfold ProcessRunner boss-1")
    # Its name is beside its bars, which lead to their invocations.
    name, bars = (page.locator(one).bounding_box() for one in ("[data-lane='@boss-1']", ".lanes g"))
    assert bars["y"] - 10 < name["y"] < bars["y"] + bars["height"]
    assert page.locator(".lanes g > a").count() == 2 * WORKERS
    for_everybody(page, "folded heading")
    unfold.click()
    page.get_by_role("link", name="Fold ProcessRunner boss-1").wait_for()
    for_everybody(page, "headings")
