"""What waits on the timeline: it is told from work, and can be left out."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from integration.clocks import ManualClock
from integration.world import ALICE, World, finish, start

from pynenc.values.runners import Beat

from .conftest import a_minute_ago


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """So that waits are as long as they are said to be."""
    return a_minute_ago()


@pytest.fixture(scope="module", autouse=True)
def _calls(world: World) -> None:
    """The second is claimed with the first, and begins a second later."""
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    world.submit("first", "second")
    first, second = world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=2.0)
    world.pass_time(1)
    world.do(finish(first), start(second))
    world.pass_time(1)
    world.do(finish(second))


def test_waits_can_be_left_out(world_client: TestClient) -> None:
    def statuses(**asked: str) -> list[str]:
        text = world_client.get("/timeline", params={"range": "1h", "view": "table", **asked}).text
        return [css for css in ("st-pending", "st-success") if f'class="status {css}"' in text]

    assert statuses() == ["st-pending", "st-success"]
    assert statuses(work="true") == ["st-success"]
