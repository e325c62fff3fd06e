"""What the entry point names: imported by every app, so it imports settings and no driver."""

from __future__ import annotations

from typing import Any

from pynenc.contracts.plugin import Plugin
from pynenc_mongodb.conf import (
    ConfigBrokerMongo,
    ConfigClientDataStoreMongo,
    ConfigMongo,
    ConfigOrchestratorMongo,
    ConfigStateBackendMongo,
    ConfigTriggerMongo,
)

_COMPONENTS = {
    "orchestrator_cls": "MongoOrchestrator",
    "broker_cls": "MongoBroker",
    "state_backend_cls": "MongoStateBackend",
    "client_data_store_cls": "MongoClientDataStore",
    "trigger_cls": "MongoTrigger",
}
_MODULES = {
    "MongoOrchestrator": "orchestrator",
    "MongoBroker": "broker",
    "MongoStateBackend": "state_backend",
    "MongoClientDataStore": "client_data_store",
    "MongoTrigger": "trigger",
}


def mongodb(  # noqa: PLR0913 - the names of the settings
    builder: Any,
    url: str | None = None,
    database: str | None = None,
    *,
    db: str | None = None,
    host: str | None = None,
    port: int | None = None,
    username: str | None = None,
    password: str | None = None,
    auth_source: str | None = None,
) -> Any:
    """``PynencBuilder().mongodb("mongodb://localhost:27017/?replicaSet=rs0", database="shop")``.

    Args:
        builder: The builder.
        url: ``mongodb://`` or ``mongodb+srv://``, with user, password and options; without one ``mongo_url``,
            ``mongo_host`` and the other settings say where the server is.
        database: Name of the database.
        db: The same.
        host: Of the server, instead of a URL.
        port: Of the server.
        username: Of the user.
        password: Of the user.
        auth_source: The database that knows the user.

    Raises:
        ValueError: ``url`` and something that it says already are both given, or ``database`` and ``db``.
    """
    apart = {
        "mongo_host": host,
        "mongo_port": port,
        "mongo_username": username,
        "mongo_password": password,
        "mongo_auth_source": auth_source,
    }
    given: dict[str, Any] = {name: value for name, value in apart.items() if value is not None}
    if url is not None and given:
        named = ", ".join(name.removeprefix("mongo_") for name in given)
        raise ValueError(f"mongodb(url=..., {named}): the url says that already, give one of them")
    if database is not None and db is not None:
        raise ValueError("mongodb(database=..., db=...): these are the same, give one of them")
    given |= {"mongo_url": url, "mongo_db": database if database is not None else db}
    builder.custom_config(**{name: value for name, value in given.items() if value is not None})
    return builder.custom_config(**_COMPONENTS)


def mongo_client_data_store(
    builder: Any, min_size_to_cache: int = 1024, local_cache_size: int = 1024, max_size_to_cache: int = 0
) -> Any:
    """Keep large values in MongoDB.

    Args:
        builder: The builder.
        min_size_to_cache: Values of so many characters go there.
        local_cache_size: So many values stay in the memory of each process.
        max_size_to_cache: Larger ones stay with the invocation; 0 sets no limit.
    """
    return builder.custom_config(
        client_data_store_cls="MongoClientDataStore",
        min_size_to_cache=min_size_to_cache,
        local_cache_size=local_cache_size,
        max_size_to_cache=max_size_to_cache,
    )


def mongo_trigger(builder: Any, scheduler_interval_seconds: float = 60, enable_scheduler: bool = True) -> Any:
    """Keep what triggers need in MongoDB.

    Args:
        builder: The builder.
        scheduler_interval_seconds: Upper bound of the time between two looks at what is due.
        enable_scheduler: Whether this app's runners fire cron triggers.
    """
    return builder.custom_config(
        trigger_cls="MongoTrigger",
        scheduler_interval_seconds=scheduler_interval_seconds,
        enable_scheduler=enable_scheduler,
    )


plugin = Plugin(
    name="mongodb",
    components={name: f"pynenc_mongodb.{module}.{name}" for name, module in _MODULES.items()},
    config_classes=(
        ConfigMongo,
        ConfigOrchestratorMongo,
        ConfigBrokerMongo,
        ConfigStateBackendMongo,
        ConfigTriggerMongo,
        ConfigClientDataStoreMongo,
    ),
    builder_methods={
        "mongodb": mongodb,
        "mongo": mongodb,
        "mongo_client_data_store": mongo_client_data_store,
        "mongo_trigger": mongo_trigger,
    },
    requires_core="1.0",
)
