"""Servers that one test has for itself, and may harm."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

from integration.servers.process import ServerProcess, free_port
from redis import Redis


class OwnServer:
    """A Redis server with a port and a folder of its own.

    Args:
        folder: Empty.
        options: Words of its command line.
        secrets: For connecting to it.
    """

    def __init__(self, folder: Path, *options: str, **secrets: Any) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "redis-server is not installed"
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis(port=self.port, decode_responses=True, socket_timeout=5, **secrets)
        command = [
            program,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
        ]
        self.process = ServerProcess([*command, *options], folder, self.client.ping)

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

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self.process.kill()


def normal(text: object) -> str:
    """Without times and tokens."""
    return re.sub(r"\d{10}(\.\d+)?", "<time>", re.sub(r"[0-9a-f]{32}(?![0-9a-f])", "<token>", repr(text)))


def stored_keys(server: OwnServer, prefix: str) -> dict[str, str]:
    """All keys of an app."""
    client, found = server.client, {}
    for key in client.scan_iter(prefix + "*"):
        kind, name = client.type(key), key.removeprefix(prefix)
        value: object
        if kind == "string":
            value = client.get(key)
        elif kind == "hash":
            value = sorted(client.hgetall(key).items())
        elif kind == "list":
            value = client.lrange(key, 0, -1)
        elif kind == "set":
            value = sorted(client.smembers(key))
        else:
            value = client.zrange(key, 0, -1, withscores=True)
        found[name] = normal(value)
    return {name: value for name, value in found.items() if name != "o:watched"}
