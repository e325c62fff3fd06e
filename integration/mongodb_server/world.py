"""One app on the server of a test, and what its driver sends."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from integration.backends import mongodb
from integration.backends.parts import Parts, Site, assemble
from integration.clocks import ManualClock
from integration.mongodb_server.own_server import OwnServer
from integration.world import World
from pymongo import monitoring

from pynenc_mongodb.store import MongoStore

#: Commands that are about the connection and the clock.
_APART = frozenset({"hello", "ping", "endSessions", "killCursors", "getMore"})


class Commands(monitoring.CommandListener):
    """Every command that clients send which are made from now on: name and body, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        #: Called before a command is sent.
        self.before: Callable[[str], object] = lambda name: None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in _APART or event.database_name in ("admin", "config"):
            return
        self.before(event.command_name)
        self.seen.append((event.command_name, dict(event.command)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    @contextmanager
    def during(self) -> Iterator[list[tuple[str, dict[str, Any]]]]:
        """Those of a block."""
        before = len(self.seen)
        part: list[tuple[str, dict[str, Any]]] = []
        yield part
        part += self.seen[before:]


def build(server: OwnServer, app_id: str, **settings: Any) -> Parts:
    """All components on one store of a server."""
    values = {"mongo_url": server.url, "mongo_db": "own", **settings}
    classes = {name: mongodb.choice_of(name, values) for name in mongodb.CLASSES}
    return assemble(Site(Path(), ManualClock()), app_id, classes)


def world_on(server: OwnServer, app_id: str = "", **settings: Any) -> World:
    """An empty app on a server; the same app, as another process would open it, with its id."""
    backend = replace(mongodb.BACKEND, build=lambda site, name: build(server, name, **settings))
    return World(backend, Site(Path(), ManualClock()), app_id or f"own-{uuid.uuid4().hex}")


def store_of(world: World) -> MongoStore:
    """The real store."""
    store = world.parts.orchestrator.store
    assert isinstance(store, MongoStore)
    return store
