"""A server, an app on it, and a runner."""

from __future__ import annotations

import importlib
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from integration.backends.mongodb import component_classes
from integration.behaviour.conftest import RunningApp
from integration.conftest import REQUIRE
from integration.mongodb_server.own_server import OwnServer
from integration.mongodb_server.world import Commands
from integration.servers.mongodb import program
from pymongo import monitoring

SAMPLE = "integration.behaviour.sample"

MakeApp = Callable[..., RunningApp]


@pytest.fixture(autouse=True)
def _program() -> None:
    if program() is None:
        if {"mongodb", "all"} & set(os.environ.get(REQUIRE, "").split(",")):
            pytest.fail(f"{REQUIRE} names 'mongodb', but mongod is not installed")
        pytest.skip("mongod is not installed")


@pytest.fixture(scope="module")
def commands() -> Commands:
    """What the driver sends; it tells only listeners that are there before it connects."""
    listener = Commands()
    monitoring.register(listener)
    return listener


@contextmanager
def own_server(folder: Path, *options: str, standalone: bool = False) -> Iterator[OwnServer]:
    """A running server."""
    server = OwnServer(folder, *options, standalone=standalone)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """A replica set of one, which each test leaves as it found it."""
    with own_server(tmp_path_factory.mktemp("mongodb")) as made:
        yield made


@pytest.fixture
def make_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeApp]:
    """The sample app on a server, with its runner if one is named."""
    made: list[RunningApp] = []

    def make(runner_cls: str = "", **settings: Any) -> RunningApp:
        config = {
            "app_id": f"mongodb-{uuid.uuid4().hex}",
            "logging_level": "warning",
            "runner_cls": runner_cls or "DummyRunner",
            "threadrunner": {"max_threads": 2},
            "persistentprocessrunner": {"num_processes": 2},
            **component_classes(),
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
