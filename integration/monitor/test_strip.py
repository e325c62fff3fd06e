"""The strip above the list of invocations: what was registered when, and what became of it."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from integration.world import ERROR, World, cancel, finish, ids

from pynenc import Pynenc

from .conftest import statements_of


@pytest.fixture(scope="module", autouse=True)
def _registered(world: World) -> None:
    """Of seven that were registered in two seconds one of each outcome, and three that are open."""
    world.submit("won", "lost", "cancelled", "running")
    world.do(
        finish(world.claim(ids=ids("won"))), finish(world.claim(ids=ids("lost")), ERROR), cancel("cancelled")
    )
    world.claim(ids=ids("running"))
    world.pass_time(10)
    world.submit("waiting", "delayed", "again", task_id="app.other")
    world.do(finish(world.claim(ids=ids("again"))))


def columns_of(text: str) -> list[tuple[int, int]]:
    """Of each column: how many were registered, and how many of them failed."""
    found = re.findall(r'aria-label="(\d+) invocations? registered from [^,]+, (\d+) failed"', text)
    return [(int(total), int(failed)) for total, failed in found]


def kinds_of(text: str) -> set[str]:
    (strip,) = re.findall(r'<figure class="chart strip">.*?</figure>', text, re.DOTALL)
    return set(re.findall(r'class="fill (st-[a-z]+)"', strip))


def test_it_shows_what_became_of_all_that_was_registered(world_app: Pynenc, world_client: TestClient) -> None:
    with statements_of(world_app) as seen:
        text = world_client.get("/invocations?range=5m").text
    assert len(seen) <= 4, seen
    assert columns_of(text) == [(4, 1), (3, 0)]
    assert kinds_of(text) == {"st-success", "st-running", "st-cancelled", "st-failed"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("is:open", [(1, 0), (2, 0)]),
        ("status:failed", [(1, 1)]),
        ("task:app.other", [(3, 0)]),
        ("-is:open", [(3, 1), (1, 0)]),
        # That is no column, but a condition like any other.
        ("created:>1h", []),
        ("created:<1h is:open", [(1, 0), (2, 0)]),
        ("runner:alice", [(3, 1), (1, 0)]),
    ],
)
def test_it_shows_what_the_list_shows(
    world_client: TestClient, asked: str, expected: list[tuple[int, int]]
) -> None:
    text = world_client.get("/invocations", params={"q": asked, "range": "5m"}).text
    assert columns_of(text) == expected
    assert text.count('<tr id="i-') == sum(total for total, _ in expected)
    assert ("None of it was registered within 5m" in text) == (not expected)
