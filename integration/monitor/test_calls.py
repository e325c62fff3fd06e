"""One call over time: where its invocations are looked for, and how far."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from integration.world import World

from pynenc import Pynenc
from pynenc.values.monitor import RecordQuery

from .conftest import statements_of


@pytest.fixture(scope="module", autouse=True)
def _calls(world: World) -> None:
    """One call, and then as many others of its task as are looked at for one page."""
    world.submit("rare", task_id="app.busy", args_id="same")
    world.submit(*(f"n{n}" for n in range(RecordQuery().search_limit)), task_id="app.busy", args_id="other")


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
