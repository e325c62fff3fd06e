"""Redis."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from integration.servers.provider import Local, Provider
from redis import Redis


def _is_ready(url: str) -> None:
    with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        client.ping()


def command(port: int, folder: Path) -> Sequence[str] | None:
    """A server that nobody else uses; nothing is kept on disk."""
    program = shutil.which("redis-server")
    if program is None:
        return None
    return [
        program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no",
    ]  # fmt: skip


PROVIDER = Provider(
    "redis",
    image="redis:7",
    port=6379,
    url=lambda host, port: f"redis://{host}:{port}/0",
    is_ready=_is_ready,
    local=Local(command),
)
