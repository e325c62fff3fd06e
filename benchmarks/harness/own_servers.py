"""Servers of one measurement, which are ended before its folder is removed."""

from __future__ import annotations

from integration.servers.process import ServerProcess

_running: list[ServerProcess] = []


def start(server: ServerProcess) -> None:
    """Start one."""
    _running.append(server)
    server.start()


def end_all() -> None:
    """End them at once: what they hold is worth nothing any more."""
    for server in _running:
        server.kill()
