"""A Redis server for one measurement, which ends with its process."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.harness import own_servers
from integration.servers.process import ServerProcess, free_port
from integration.servers.redis import command
from redis import Redis


def start(folder: Path) -> Redis:
    """Start one in the folder of the measurement; its address is in ``BENCHMARK_REDIS``, for workers as well.

    Nothing is written to a disk, for none of the systems.
    """
    port = free_port()
    words = command(port, folder)
    assert words is not None, "redis-server is not installed"
    client = Redis(port=port)
    own_servers.start(ServerProcess(words, folder, client.ping))
    os.environ["BENCHMARK_REDIS"] = f"redis://127.0.0.1:{port}/0"
    return client
