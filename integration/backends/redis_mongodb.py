"""Records, queue and triggers on Redis; payloads and large values in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from integration.backends import mongodb, redis
from integration.backends.parts import Backend, Parts, Site

_IN_MONGODB = ("state_backend", "client_data_store")


def build(site: Site, app_id: str) -> Parts:
    """Two stores."""
    payloads = mongodb.BACKEND.build(site, app_id)
    return replace(
        redis.BACKEND.build(site, app_id),
        state_backend=payloads.state_backend,
        client_data_store=payloads.client_data_store,
    )


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app spread so."""
    classes = {f"{one}_cls": mongodb.CLASSES[one].__name__ for one in _IN_MONGODB}
    return {**mongodb.BACKEND.settings(folder), **redis.BACKEND.settings(folder), **classes}


BACKEND = Backend(
    "redis_mongodb",
    build,
    redis.BACKEND.capabilities,
    settings,
    takes_clock=False,
    unreachable=lambda: redis.BACKEND.unreachable() or mongodb.BACKEND.unreachable(),
    provider=lambda: f"{redis.BACKEND.provider()}, {mongodb.BACKEND.provider()}",
)
