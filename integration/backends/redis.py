"""Everything on one Redis server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.backends.parts import Backend, Choice, Parts, Site, assemble
from integration.servers.redis import PROVIDER

from pynenc_redis.broker import RedisBroker
from pynenc_redis.client_data_store import RedisClientDataStore
from pynenc_redis.orchestrator import RedisOrchestrator
from pynenc_redis.state_backend import RedisStateBackend
from pynenc_redis.store import RedisStore
from pynenc_redis.trigger import RedisTrigger

_CLASSES = {
    "broker": RedisBroker,
    "orchestrator": RedisOrchestrator,
    "state_backend": RedisStateBackend,
    "client_data_store": RedisClientDataStore,
    "trigger": RedisTrigger,
}


def choice(component: str) -> Choice:
    """A component on the server of this run."""
    cls = _CLASSES[component]
    return cls, cls.config_cls({"redis_url": PROVIDER.url()})


def build(site: Site, app_id: str) -> Parts:
    """All components on one store."""
    return assemble(site, app_id, {name: choice(name) for name in _CLASSES})


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app with everything on that server."""
    return {**component_classes(), "redis_url": PROVIDER.url()}


def component_classes() -> dict[str, str]:
    """The class of each component, by setting."""
    return {f"{component}_cls": cls.__name__ for component, cls in _CLASSES.items()}


BACKEND = Backend(
    "redis",
    build,
    RedisStore.capabilities,
    settings,
    takes_clock=False,
    unreachable=PROVIDER.problem,
    provider=PROVIDER.describe,
)
