"""What waits on the timeline: it is told from work, and can be left out."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from io import StringIO
from typing import NamedTuple

import pytest
from fastapi.testclient import TestClient
from integration.world import ALICE, World, finish, hand_back, release, retry, start

from pynenc import Pynenc
from pynenc.values.runners import Beat
from pynmon import MonitorSettings, create_monitor_app

from .conftest import statements_of

#: Nothing is tried again while it is looked at.
_HOUR = 3600.0


@pytest.fixture(scope="module", autouse=True)
def _calls(world: World) -> None:
    """The second is claimed with the first, and begins a second later; the later ones come to no end."""
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    world.submit("first", "second")
    first, second = world.claims(limit=2, ahead={"app.task": 1.0}, ahead_seconds=2.0)
    world.pass_time(1)
    world.do(finish(first), start(second))
    world.pass_time(1)
    world.do(finish(second))
    again, elsewhere, sleeper = world.run("again"), world.run("elsewhere"), world.run_workflow("sleeper")
    world.submit("never")
    world.pass_time(1)
    world.do(retry(again, _HOUR), hand_back(elsewhere, _HOUR), release(sleeper, _HOUR))


class Line(NamedTuple):
    """One span, as the file of a timeline says it."""

    status: str
    begin: float
    #: None while it goes on.
    seconds: float | None
    lane: str


def lines(client: TestClient, name: str, **asked: str) -> list[Line]:
    """The spans of an invocation, in their order."""
    text = client.get("/export/timeline", params={"range": "1h", "form": "csv", **asked}).text
    return [
        Line(
            row["status"],
            datetime.fromisoformat(row["begin"]).timestamp(),
            float(row["seconds"]) if row["seconds"] else None,
            row["lane"],
        )
        for row in csv.DictReader(StringIO(text))
        if row["invocation_id"] == name
    ]


def test_waits_can_be_left_out(world_client: TestClient) -> None:
    def statuses(**asked: str) -> list[str]:
        text = world_client.get("/timeline", params={"range": "1h", "view": "table", **asked}).text
        return [css for css in ("st-pending", "st-success") if f'class="status {css}"' in text]

    assert statuses() == ["st-pending", "st-success"]
    assert statuses(work="true") == ["st-success"]


@pytest.mark.parametrize(
    ("name", "came_of_it", "waits_as"), [("again", "retry", "retry"), ("elsewhere", "killed", "rerouted")]
)
def test_what_waits_for_another_attempt_is_on_the_lane_of_the_last_one(
    world_client: TestClient, name: str, came_of_it: str, waits_as: str
) -> None:
    attempt, wait = lines(world_client, name)
    assert attempt == Line(came_of_it, attempt.begin, 1.0, ALICE.runner_id)
    assert (wait.status, wait.seconds, wait.lane) == (waits_as, None, ALICE.runner_id)
    assert wait.begin == pytest.approx(attempt.begin + 1.0, abs=0.002)
    assert lines(world_client, name, work="true") == [attempt]


def test_a_workflow_that_sleeps_is_on_the_lane_of_who_had_it(world_client: TestClient) -> None:
    attempt, sleep = lines(world_client, "sleeper")
    assert (attempt.status, attempt.seconds) == ("running", 1.0)
    assert (sleep.status, sleep.seconds, sleep.lane) == ("paused", None, ALICE.runner_id)
    assert lines(world_client, "sleeper", work="true") == [attempt]


def test_what_nobody_ever_had_is_on_no_lane(world_client: TestClient) -> None:
    assert lines(world_client, "never") == []


def test_a_wait_is_drawn_with_dots_below_the_work_of_its_lane(world_client: TestClient, world: World) -> None:
    picture = world_client.get("/timeline", params={"range": "1h"}).text
    at = r'x="[\d.]+" y="(\d+)"'
    dotted = re.findall(
        rf'<a href="/invocations/(\w+)"[^>]*><rect class="bar fill [\w-]+ wait dotted" {at}', picture
    )
    others = re.findall(rf'<rect class="bar fill [\w-]+(?: wait)?" {at}', picture)
    assert "<title>app.task: Retry, waiting for " in picture
    # All of them share a row: they leave their runner free.
    assert {name for name, _ in dotted} == {"again", "elsewhere"}
    assert len({y for _, y in dotted}) == 1
    assert int(dotted[0][1]) > max(map(int, others))
    assert "wait dotted" not in world_client.get("/timeline", params={"range": "1h", "work": "true"}).text


def test_attempts_of_what_waits_are_drawn_where_single_stretches_are_not(
    world_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stretches = lines(world_client, "again")
    monkeypatch.setattr("pynmon.timeline.spans.DETAILED", 0)
    assert lines(world_client, "again") == stretches
    assert lines(world_client, "again", work="true") == stretches[:1]


def test_a_window_that_was_over_before_an_attempt_ended_has_no_wait(world_client: TestClient) -> None:
    attempt, _ = lines(world_client, "again")
    window = {
        "from": datetime.fromtimestamp(attempt.begin - 1, UTC).isoformat(),
        "to": datetime.fromtimestamp(attempt.begin + 0.5, UTC).isoformat(),
    }
    assert lines(world_client, "again", **window) == [attempt]


def test_what_goes_on_is_drawn_however_much_waits(
    world_client: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("running")
    younger = world.run("younger")
    world.do(retry(younger, _HOUR))
    monkeypatch.setattr("pynmon.timeline.spans.OWNED", 1)
    note = "only the latest is drawn"
    page = world_client.get("/timeline", params={"range": "1h"}).text
    assert "/invocations/running" in page
    assert note in page
    monkeypatch.undo()
    assert note not in world_client.get("/timeline", params={"range": "1h"}).text


def test_a_timeline_of_waits_asks_few_questions(world_app: Pynenc) -> None:
    client = TestClient(create_monitor_app(world_app, MonitorSettings()), base_url="http://localhost")
    with statements_of(world_app) as seen:
        assert "wait dotted" in client.get("/timeline?range=1h").text
    assert len(seen) <= 6, seen
