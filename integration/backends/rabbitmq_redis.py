"""The RabbitMQ broker, with everything else on one Redis server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.backends import rabbitmq, redis
from integration.backends.parts import Backend, Parts, Site, assemble

from pynenc_redis.store import RedisStore


def build(site: Site, app_id: str) -> Parts:
    """Two servers, and nothing in files."""
    return assemble(site, app_id, redis.choices() | {"broker": rabbitmq.broker()})


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app."""
    return {**redis.settings(folder), **rabbitmq.broker_settings()}


BACKEND = Backend(
    "rabbitmq_redis",
    build,
    RedisStore.capabilities,
    settings,
    takes_clock=False,
    keeps_order=False,
    unreachable=lambda: rabbitmq.BACKEND.unreachable() or redis.BACKEND.unreachable(),
    provider=lambda: f"{rabbitmq.BACKEND.provider()}, {redis.BACKEND.provider()}",
)
