"""A server, an app on it, and a runner."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from integration.backends.parts import Site, assemble
from integration.backends.redis import BACKEND, choice
from integration.behaviour.conftest import RunningApp
from integration.clocks import ManualClock
from integration.conftest import REQUIRE
from integration.redis_server.own_server import OwnServer
from integration.world import World

SAMPLE = "integration.behaviour.sample"
COMPONENTS = {
    "orchestrator_cls": "RedisOrchestrator",
    "broker_cls": "RedisBroker",
    "state_backend_cls": "RedisStateBackend",
    "client_data_store_cls": "RedisClientDataStore",
    "trigger_cls": "RedisTrigger",
}

MakeApp = Callable[..., RunningApp]


@pytest.fixture(autouse=True)
def _program() -> None:
    if shutil.which("redis-server") is None:
        if {"redis", "all"} & set(os.environ.get(REQUIRE, "").split(",")):
            pytest.fail(f"{REQUIRE} names 'redis', but redis-server is not installed")
        pytest.skip("redis-server is not installed")


@contextmanager
def own_server(folder: Path, *options: str, **secrets: Any) -> Iterator[OwnServer]:
    """A running server."""
    server = OwnServer(folder, *options, **secrets)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    """One that loses nothing when it is killed."""
    with own_server(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always") as made:
        yield made


@pytest.fixture
def make_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeApp]:
    """The sample app on a server, with its runner if one is named."""
    made: list[RunningApp] = []

    def make(runner_cls: str = "", **settings: Any) -> RunningApp:
        config = {
            "app_id": f"redis-{uuid.uuid4().hex}",
            "logging_level": "warning",
            "runner_cls": runner_cls or "DummyRunner",
            "threadrunner": {"max_threads": 2},
            "persistentprocessrunner": {"num_processes": 2},
            **COMPONENTS,
            **settings,
        }
        monkeypatch.setenv("PYNENC_BEHAVIOUR_CONFIG", json.dumps(config))
        sys.modules.pop(SAMPLE, None)
        app = RunningApp(importlib.import_module(SAMPLE))
        made.append(app)
        if runner_cls:
            app.start()
        return app

    yield make
    for app in made:
        app.stop()
        app.app.close()


@pytest.fixture
def make_world(server: OwnServer, tmp_path: Path) -> Iterator[Callable[[], World]]:
    """Apps on one server."""
    site = Site(tmp_path, ManualClock())
    parts = [name.removesuffix("_cls") for name in COMPONENTS]
    made: list[World] = []

    def make() -> World:
        app_id = f"usual-{uuid.uuid4().hex}"
        chosen = {part: choice(part, redis_url=server.url) for part in parts}
        made.append(World(BACKEND, site, app_id, assemble(site, app_id, chosen)))
        return made[-1]

    yield make
    for world in made:
        world.close()
