"""A RabbitMQ server for one measurement, which ends with its process."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.harness import own_servers
from integration.servers.process import ServerProcess, free_port
from integration.servers.rabbitmq import START_SECONDS, address_of, command, is_ready


def start(folder: Path) -> None:
    """Start one in the folder of the measurement; its address is in ``BENCHMARK_RABBITMQ``, for workers as well.

    Its data is on the disk.
    """
    port, place = free_port(), folder / "rabbitmq"
    place.mkdir()
    words = command(port, place)
    assert words is not None, "rabbitmq-server is not installed"
    url = address_of("127.0.0.1", port)
    own_servers.start(ServerProcess(words, place, lambda: is_ready(url), START_SECONDS))
    os.environ["BENCHMARK_RABBITMQ"] = url
