"""What was killed or lost and went on is shown beside failures, where somebody asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from integration.backends import sqlite
from integration.backends.parts import Site
from integration.world import ALICE, World, finish, hand_back, ids, recover

from pynenc import Pynenc, PynencBuilder
from pynenc.values.clock import SystemClock
from pynenc.values.runners import Beat
from pynmon import MonitorSettings, create_monitor_app

from .conftest import Watched, for_everybody, served, statements_of

HOSTILE = "<img src=x onerror=alert(1)>.pay"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pynenc]:
    """Two of one task were killed, one of them twice; one was lost; one was handed back, which is neither."""
    folder: Path = tmp_path_factory.mktemp("setbacks")
    world = World(sqlite.BACKEND, Site(folder, SystemClock()), "setbacks")
    world.orchestrator.beat(Beat(alive=(ALICE,)))
    world.submit("once", "twice", task_id=HOSTILE)
    world.submit("lost", task_id="app.lost")
    for name in ("once", "twice", "twice"):
        world.do(hand_back(world.claim(ids=ids(name))))
    world.do(finish(world.claim(ids=ids("once"))))
    world.claim(ids=ids("lost"))
    world.do(recover(world.record("lost")))
    app = PynencBuilder().app_id(world.app_id).sqlite(str(folder / "all.db")).build()
    yield app
    app.close()
    world.close()


@pytest.fixture
def client(app: Pynenc) -> TestClient:
    return TestClient(
        create_monitor_app(app, MonitorSettings(requests_per_second=0)), base_url="http://localhost"
    )


def lines_of(client: TestClient, address: str) -> list[list[str]]:
    """The cells of each kind that was killed or lost, as words."""
    text = client.get(address).text
    assert HOSTILE not in text
    rows = re.findall(r'<tr id="s-[^"]+">(.*?)</tr>', text, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def test_what_was_killed_or_lost_is_shown_when_it_is_asked_for(app: Pynenc, client: TestClient) -> None:
    assert lines_of(client, "/failures") == []
    (killed,) = lines_of(client, "/failures?also=killed")
    assert killed[:2] == ["Killed", "3"]
    assert sorted(re.findall(r"\w+ \d", killed[3])) == ["Rerouted 1", "Success 1"]
    (lost,) = lines_of(client, "/failures?also=recovered")
    assert lost[:2] + lost[3:4] == ["Recovering (running)", "1", "Rerouted 1"]
    both = lines_of(client, "/failures?also=killed,recovered")
    assert [line[1] for line in both] == ["3", "1"]
    assert [line[1] for line in lines_of(client, "/failures?also=killed,recovered&q=task:app.lost")] == ["1"]
    fresh = TestClient(create_monitor_app(app), base_url="http://localhost")
    with statements_of(app) as seen:
        assert fresh.get("/failures?also=killed,recovered").status_code == 200
    assert len(seen) <= 4, seen
    assert client.get("/failures?also=eaten").status_code == 422


def test_a_toggle_leads_to_the_rest_of_what_is_asked_for(client: TestClient) -> None:
    text = client.get("/failures?range=6h&state=open&also=killed").text
    links = {word: href for href, word in re.findall(r'<a href="([^"]+)"[^>]*>(\+ \w+)</a>', text)}
    assert links == {
        "+ killed": "/failures?range=6h&amp;state=open",
        "+ recovered": "/failures?range=6h&amp;state=open&amp;also=killed%2Crecovered",
    }
    for href in links.values():
        assert client.get(href.replace("&amp;", "&")).status_code == 200


def test_a_group_leads_to_the_list_where_many_are_run_again(client: TestClient) -> None:
    text = client.get("/failures?also=killed,recovered").text
    found = re.findall(r'href="(/invocations\?q=[^"]+)">list, to run them again', text)
    lists = [client.get(href.replace("&amp;", "&")).text for href in found]
    assert [text.count("<tr id=") for text in lists] == [2, 1]


def test_everybody_can_read_it(app: Pynenc, chromium: Any) -> None:
    with served(create_monitor_app(app, MonitorSettings(requests_per_second=0))) as address:
        watched = Watched(chromium, address)
        page = watched.open("/failures?also=killed,recovered")
        assert page.locator("main img").count() == 0
        for_everybody(page, "killed and recovered")
        assert watched.complaints == []
        watched.context.close()
