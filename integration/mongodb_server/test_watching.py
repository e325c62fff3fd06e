"""A stream of changes that is opened while things happen."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from integration.mongodb_server.own_server import OwnServer
from integration.mongodb_server.world import Commands, world_on
from integration.world import World, finish, ids

#: Openings. Each one alone would miss something with a probability of some percent, if any could.
TIMES = 60


@pytest.fixture
def world(server: OwnServer, commands: Commands) -> Iterator[World]:
    made = world_on(server)
    yield made
    made.clear()


def test_what_ends_while_a_stream_is_opened_is_heard_of(world: World, commands: Commands) -> None:
    for number in range(TIMES):
        end_while_a_stream_is_opened(world, commands, f"n{number}")


def end_while_a_stream_is_opened(world: World, commands: Commands, name: str) -> None:
    claim = world.run(name)
    other = world.another_process()
    opening, heard = threading.Event(), threading.Event()
    watch = other.watch(lambda _: heard.set())
    commands.before = lambda sent: sent == "aggregate" and opening.set()
    ending = threading.Thread(target=lambda: opening.wait(30) and world.do(finish(claim)))
    ending.start()
    watch.add(ids(name))
    ending.join(30)
    assert heard.wait(10), f"the end of {name} was not heard of"
    commands.before = lambda sent: None
    watch.close()
    other.close()
