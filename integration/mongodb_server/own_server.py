"""Servers that one test has for itself, and may harm."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path
from typing import Any

from integration.servers.mongodb import command, is_ready
from integration.servers.process import ServerProcess, free_port
from pymongo import MongoClient


class OwnServer:
    """A MongoDB server with a port and a folder of its own.

    Args:
        folder: Where its own folder may be.
        options: Words of its command line.
        standalone: Whether it is no replica set.
    """

    def __init__(self, folder: Path, *options: str, standalone: bool = False) -> None:
        folder = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}")
        folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        words = list(command(self.port, folder, *options) or ())
        assert words, "mongod is not installed"
        if standalone:
            at = words.index("--replSet")
            del words[at : at + 2]
        self.process = ServerProcess(words, folder, self._is_ready, start_seconds=60.0)
        self.client: MongoClient[dict[str, Any]] = MongoClient(self.url, serverSelectionTimeoutMS=10_000)

    def _is_ready(self) -> bool:
        is_ready(self.url)
        return True

    def start(self) -> None:
        """Start it, again if it was killed."""
        self.process.start()

    def restart(self) -> None:
        """Kill it, then start it."""
        self.process.kill()
        self.process.start()

    def freeze(self) -> None:
        """Let it answer nobody."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid, signal.SIGCONT)

    def step_down(self, seconds: int = 1) -> None:
        """Let it be no primary for a while."""
        self.client.admin.command("replSetStepDown", seconds, secondaryCatchUpPeriodSecs=0, force=True)

    def kill_operations(self, app: str) -> int:
        """End what it is doing for an app; returns how many."""
        operations = self.client.admin.aggregate(
            [{"$currentOp": {}}, {"$match": {"appName": {"$regex": app}}}]
        )
        killed = 0
        for one in operations:
            if one.get("active") and "opid" in one and one.get("op") != "none":
                self.client.admin.command("killOp", op=one["opid"])
                killed += 1
        return killed

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self.process.kill()
