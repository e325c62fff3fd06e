"""What the entry point names: imported by every app, so it imports settings and no driver."""

from __future__ import annotations

from typing import Any

from pynenc.contracts.plugin import Plugin
from pynenc_redis.conf import (
    ConfigBrokerRedis,
    ConfigClientDataStoreRedis,
    ConfigOrchestratorRedis,
    ConfigRedis,
    ConfigStateBackendRedis,
    ConfigTriggerRedis,
)

_COMPONENTS = {
    "orchestrator_cls": "RedisOrchestrator",
    "broker_cls": "RedisBroker",
    "state_backend_cls": "RedisStateBackend",
    "client_data_store_cls": "RedisClientDataStore",
    "trigger_cls": "RedisTrigger",
}
_MODULES = {
    "RedisOrchestrator": "orchestrator",
    "RedisBroker": "broker",
    "RedisStateBackend": "state_backend",
    "RedisClientDataStore": "client_data_store",
    "RedisTrigger": "trigger",
}


def redis(builder: Any, url: str | None = None, db: int | None = None) -> Any:
    """``PynencBuilder().redis("redis://localhost:6379/0")``: keep everything in Redis.

    Args:
        builder: The builder.
        url: The server, with user, password and database; without one ``redis_url``, ``redis_host`` and the other
            settings say where it is.
        db: The database on the server that the settings name.

    Raises:
        ValueError: ``url`` and ``db`` are both given.
    """
    if url is not None and db is not None:
        raise ValueError("redis(url=..., db=...): the url names the database already, give one of them")
    if url is not None:
        builder.custom_config(redis_url=url)
    if db is not None:
        builder.custom_config(redis_db=db)
    return builder.custom_config(**_COMPONENTS)


def redis_client_data_store(builder: Any, min_size_to_cache: int = 1024, local_cache_size: int = 1024) -> Any:
    """Keep large values in Redis.

    Args:
        builder: The builder.
        min_size_to_cache: Values of so many characters go there.
        local_cache_size: So many values stay in the memory of each process.
    """
    return builder.custom_config(
        client_data_store_cls="RedisClientDataStore",
        min_size_to_cache=min_size_to_cache,
        local_cache_size=local_cache_size,
    )


def redis_trigger(
    builder: Any, scheduler_interval_seconds: float = 60.0, enable_scheduler: bool = True
) -> Any:
    """Keep what triggers need in Redis.

    Args:
        builder: The builder.
        scheduler_interval_seconds: Upper bound of the time between two looks at what is due.
        enable_scheduler: Whether this app's runners fire cron triggers.
    """
    return builder.custom_config(
        trigger_cls="RedisTrigger",
        scheduler_interval_seconds=scheduler_interval_seconds,
        enable_scheduler=enable_scheduler,
    )


plugin = Plugin(
    name="redis",
    components={name: f"pynenc_redis.{module}.{name}" for name, module in _MODULES.items()},
    config_classes=(
        ConfigRedis,
        ConfigOrchestratorRedis,
        ConfigBrokerRedis,
        ConfigStateBackendRedis,
        ConfigClientDataStoreRedis,
        ConfigTriggerRedis,
    ),
    builder_methods={
        "redis": redis,
        "redis_client_data_store": redis_client_data_store,
        "redis_trigger": redis_trigger,
    },
    requires_core="1.0",
)
