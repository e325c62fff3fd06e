"""Everything on one Redis server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.backends.parts import Backend, Choice, Parts, Site, assemble
from integration.servers import redis_cluster
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


def choice(component: str, **settings: Any) -> Choice:
    """A component on the server of this run, or on the one that settings name."""
    cls = _CLASSES[component]
    return cls, cls.config_cls(settings or {"redis_url": PROVIDER.url()})


def choices() -> dict[str, Choice]:
    """All components."""
    return {name: choice(name) for name in _CLASSES}


def build(site: Site, app_id: str) -> Parts:
    """All components on one store."""
    return assemble(site, app_id, choices())


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app with everything on that server."""
    return {**component_classes(), "redis_url": PROVIDER.url()}


def component_classes() -> dict[str, str]:
    """The class of each component, by setting."""
    return {f"{component}_cls": cls.__name__ for component, cls in _CLASSES.items()}


def build_on_cluster(site: Site, app_id: str) -> Parts:
    """All components on the node of a cluster that has the app's slot."""
    where = {"redis_url": redis_cluster.PROVIDER.url(), "redis_cluster": True}
    return assemble(site, app_id, {name: choice(name, **where) for name in _CLASSES})


def settings_on_cluster(folder: Path) -> dict[str, Any]:
    """The settings of an app there."""
    return {**component_classes(), "redis_url": redis_cluster.PROVIDER.url(), "redis_cluster": True}


BACKEND = Backend(
    "redis",
    build,
    RedisStore.capabilities,
    settings,
    takes_clock=False,
    unreachable=PROVIDER.problem,
    provider=PROVIDER.describe,
)

CLUSTER = Backend(
    "redis_cluster",
    build_on_cluster,
    RedisStore.capabilities,
    settings_on_cluster,
    takes_clock=False,
    unreachable=redis_cluster.PROVIDER.problem,
    provider=redis_cluster.PROVIDER.describe,
)
