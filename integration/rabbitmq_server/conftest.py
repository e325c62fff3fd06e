"""One server for all of these tests: starting one takes as long as several of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.backends import load
from integration.backends.parts import Backend
from integration.faults.place import Place
from integration.rabbitmq_server.scene import PATIENT, Server, Watched
from integration.servers.process import ServerProcess, free_port
from integration.servers.rabbitmq import START_SECONDS, command, is_ready


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("rabbitmq"), free_port()
    arguments = command(port, folder)
    if arguments is None:
        if "rabbitmq" in os.environ.get("PYNENC_TEST_REQUIRE", "").split(","):
            pytest.fail("PYNENC_TEST_REQUIRE names 'rabbitmq', but no rabbitmq-server is installed here")
        pytest.skip("no rabbitmq-server is installed here")

    made = Server(folder, port, ServerProcess(arguments, folder, lambda: is_ready(made.url), START_SECONDS))
    made.process.start()
    yield made
    made.process.stop()


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Place:
    """An app on that server, its records in a file."""
    shared = load("rabbitmq")

    def settings(folder: Path) -> dict[str, Any]:
        return {
            **load("sqlite").settings(folder),
            "broker_cls": "RabbitMqBroker",
            "rabbitmq_url": server.url,
            **PATIENT,
        }

    backend = Backend("rabbitmq", shared.build, shared.capabilities, settings, takes_clock=False)
    return Place(backend, tmp_path)


@pytest.fixture
def watched(server: Server) -> Iterator[Watched]:
    made = Watched(server)
    yield made
    made.proxy.close()
