"""Settings of the components that live in MongoDB."""

from __future__ import annotations

from pydantic import Field, SecretStr

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_components import (
    ConfigBroker,
    ConfigClientDataStore,
    ConfigOrchestrator,
    ConfigStateBackend,
    ConfigTrigger,
)
from pynenc.conf.field_types import Seconds

_OWN_RETRIES = (
    "Accepted, without effect: runners wait for a server as long as it takes, callers as said above."
)
_NO_LOCKS = "Accepted, without effect: no operation locks anything."


class ConfigMongo(ConfigBase):
    """Settings of the connection; components with the same servers and database share one store."""

    mongo_url: SecretStr = Field(
        SecretStr(""),
        description="mongodb:// or mongodb+srv:// with servers, user, password and options such as replicaSet and tls; "
        "overrides host, port, user, password and authentication database.",
    )
    mongo_host: str = Field("localhost", description="Host of the server.")
    mongo_port: int = Field(27017, ge=1, le=65535, description="Port of the server.")
    mongo_db: str = Field("pynenc", description="Name of the database; one that the URL names comes first.")
    mongo_username: str = Field("", description="User; empty: no authentication.")
    mongo_password: SecretStr = Field(SecretStr(""), description="Password of the user.")
    mongo_auth_source: str = Field("", description="Database that knows the user; empty: admin.")
    mongo_pool_max_connections: int = Field(
        100, ge=2, le=100_000, description="Connections of one process; more threads wait for one."
    )
    socket_timeout: Seconds = Field(10.0, gt=0, le=3600, description="How long an answer may take.")
    socket_connect_timeout: Seconds = Field(
        5.0, gt=0, le=3600, description="How long connecting, or finding a primary, may take."
    )
    chunk_threshold: int = Field(
        4 * 1024 * 1024,
        ge=1024,
        le=16 * 1024 * 1024,
        description="Texts of more bytes are kept in pieces beside the document; of more than 6 MiB always, because "
        "a document holds several texts and at most 16 MiB.",
    )
    retry_base_delay: Seconds = Field(0.1, description=_OWN_RETRIES)
    retry_max_delay: Seconds = Field(60.0, description=_OWN_RETRIES)
    retry_max_time: Seconds = Field(300.0, description=_OWN_RETRIES)
    retry_indefinitely: bool = Field(False, description=_OWN_RETRIES)


class ConfigBrokerMongo(ConfigBroker, ConfigMongo):
    """Settings of the MongoBroker."""


class ConfigOrchestratorMongo(ConfigOrchestrator, ConfigMongo):
    """Settings of the MongoOrchestrator."""

    stale_lock_threshold_seconds: Seconds = Field(5.0, description=_NO_LOCKS)
    lock_max_retries: int = Field(3, ge=0, description=_NO_LOCKS)
    lock_retry_base_delay: Seconds = Field(0.05, description=_NO_LOCKS)


class ConfigStateBackendMongo(ConfigStateBackend, ConfigMongo):
    """Settings of the MongoStateBackend."""


class ConfigTriggerMongo(ConfigTrigger, ConfigMongo):
    """Settings of the MongoTrigger."""


class ConfigClientDataStoreMongo(ConfigClientDataStore, ConfigMongo):
    """Settings of the MongoClientDataStore."""
