"""A MongoDB server for one measurement, which ends with its process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks.harness import own_servers
from integration.servers.mongodb import command, is_ready
from integration.servers.process import ServerProcess, free_port
from pymongo import MongoClient


def start(folder: Path) -> None:
    """Start a replica set of one in the folder of the measurement; its address is in ``BENCHMARK_MONGODB``.

    Its data is on the disk: a majority is one that has written its journal.
    """
    port = free_port()
    words = list(command(port, folder) or ())
    assert words, "mongod is not installed"
    words[words.index("--dbpath") + 1] = str(folder)
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    own_servers.start(ServerProcess(words, folder, lambda: is_ready(url) or True, start_seconds=60.0))
    os.environ["BENCHMARK_MONGODB"] = url


def stored_bytes() -> int:
    """What the collections of pynenc and their indexes take on the disk, once it is written there."""
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["BENCHMARK_MONGODB"])
    with client:
        client.admin.command("fsync")
        return int(client["pynenc"].command("dbStats")["totalSize"])
