"""One call over time: where its invocations are looked for, how far, and what was merged into them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from integration.world import World, finish, ids

from pynenc import Pynenc
from pynenc.values.monitor import RecordQuery

from .conftest import Watched, for_everybody, statements_of
from .crawl import Page


@pytest.fixture(scope="module", autouse=True)
def _calls(world: World) -> None:
    """One call, and then as many others of its task as are looked at for one page; and calls that were merged."""
    world.submit("rare", task_id="app.busy", args_id="same")
    world.submit(*(f"n{n}" for n in range(RecordQuery().search_limit)), task_id="app.busy", args_id="other")
    merged: dict[str, Any] = {"task_id": "app.once", "args_id": "same", "reg_key": "key"}
    world.submit("earlier", **merged)
    world.submit("a", **merged)
    world.do(finish(world.claim(ids=ids("earlier"))))
    world.submit("later", "b", "c", **merged)
    world.submit("d", **{**merged, "args_id": "other"})
    world.do(finish(world.claim(ids=ids("later"))))
    world.submit("alone", **merged)


def test_a_search_that_was_cut_off_says_so_and_goes_on(world_app: Pynenc, world_client: TestClient) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/calls/app.busy:same").text
    assert len(seen) <= 2, seen
    assert re.search(
        r"Searched 10\s000 invocations of the task for this page. There may be more further", text
    )
    assert '<tr id="i-' not in text
    (older,) = re.findall(r'<a rel="next" href="(\?cursor=\d+)"', text)
    text = world_client.get(f"/calls/app.busy:same{older}").text
    assert re.findall(r'<tr id="i-(\w+)"', text) == ["rare"]
    assert "Searched" not in text


def test_a_call_tells_for_how_many_others_its_invocations_were_reused(
    world_app: Pynenc, world_client: TestClient
) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/calls/app.once:same").text
    assert len(seen) <= 3, seen
    (panel,) = re.findall(r"<h2>Calls that were merged.*?<tbody>(.*?)</tbody>", text, re.DOTALL)
    rows = [
        (*re.findall(r'href="/invocations/(\w+)"', row), *re.findall(r'<td class="num">(\d+)</td>', row))
        for row in panel.split("</tr>")[:-1]
    ]
    assert rows == [("later", "3", "1"), ("earlier", "1", "0")]
    assert re.findall(r'<tr id="i-(\w+)"', text) == ["alone", "later", "earlier"]
    page = Page(text)
    assert (page.forbidden, page.headings) == ([], 1)
    # Nothing is asked where nothing can be merged.
    assert "Calls that were merged" not in world_client.get("/calls/app.busy:other").text


def test_an_invocation_tells_for_how_many_calls_it_was_reused(
    world_app: Pynenc, world_client: TestClient
) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/invocations/later").text
    assert len(seen) <= 8, seen
    (fact,) = re.findall(r"<dt>reused for</dt><dd>(.*?)</dd>", text, re.DOTALL)
    words = " ".join(re.sub(r"<[^>]+>", "", fact).split())
    assert re.fullmatch(
        r"3 more calls, the last one .+; the arguments of 1 were others and were dropped", words
    ), words
    assert "reused for" not in world_client.get("/invocations/alone").text
    merges = world_client.get("/api/v1/invocations/later").json()["merges"]
    assert (merges["calls"], merges["dropped"]) == (3, 1)
    assert world_client.get("/api/v1/invocations/alone").json()["merges"] is None


def test_a_call_is_for_everybody(world_watched: Watched) -> None:
    for path in ("/calls/app.once:same", "/calls/app.busy:same", "/invocations/later"):
        for_everybody(world_watched.open(path), path)
