"""Settings of the components that live in Redis."""

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


class ConfigRedis(ConfigBase):
    """Settings of the connection; components with the same server and database share one store."""

    redis_url: SecretStr = Field(
        SecretStr(""),
        description="redis://, rediss:// (TLS) or unix:// with user, password and database; overrides host, port, "
        "database, user, password, socket and TLS.",
    )
    redis_host: str = Field("localhost", description="Host of the server.")
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of the server.")
    redis_db: int = Field(0, ge=0, description="Number of the database; a cluster has only 0.")
    redis_username: str = Field("", description="User of the access control list; empty: the default user.")
    redis_password: SecretStr = Field(SecretStr(""), description="Password of the user.")
    redis_unix_socket_path: str = Field("", description="Path of a Unix socket, instead of host and port.")
    redis_ssl: bool = Field(False, description="Speak TLS.")
    redis_ssl_ca_certs: str = Field(
        "", description="File of certificates to trust; empty: those of the system."
    )
    redis_ssl_certfile: str = Field("", description="File of the client's certificate.")
    redis_ssl_keyfile: str = Field("", description="File of the client's key.")
    redis_ssl_check_hostname: bool = Field(True, description="Refuse a certificate that is for another host.")
    redis_sentinels: list[str] = Field(
        default_factory=list, description="host:port of each Sentinel; they say where the master is."
    )
    redis_sentinel_master: str = Field("mymaster", description="Name under which the Sentinels know it.")
    redis_sentinel_password: SecretStr = Field(SecretStr(""), description="Password of the Sentinels.")
    redis_cluster: bool = Field(
        False, description="The server is a node of a cluster: ask it which node has this app's keys."
    )
    socket_timeout: Seconds = Field(5.0, gt=0, le=3600, description="How long an answer may take.")
    socket_connect_timeout: Seconds = Field(5.0, gt=0, le=3600, description="How long connecting may take.")
    max_connection_attempts: int = Field(
        3,
        ge=1,
        le=100,
        description="How often connecting, and a read whose connection broke, is tried before it is an error.",
    )
    redis_retry_base_delay_sec: Seconds = Field(
        0.01, le=60, description="Pause after the first of these attempts; each one is twice the one before."
    )
    redis_retry_max_delay_sec: Seconds = Field(0.2, le=60, description="Longest pause between two attempts.")
    redis_pool_max_connections: int = Field(
        100, ge=2, le=100_000, description="Connections of one process; more threads wait for one."
    )
    redis_pool_health_check_interval: Seconds = Field(
        30.0,
        le=3600,
        description="Upper bound of the idle time after which a connection is looked at before it is used.",
    )
    health_check_interval: Seconds = Field(
        30.0,
        gt=0,
        le=3600,
        description="Upper bound of the silence after which the connection that hears of results asks the server for a "
        "sign of life.",
    )


class ConfigBrokerRedis(ConfigBroker, ConfigRedis):
    """Settings of the RedisBroker."""


class ConfigOrchestratorRedis(ConfigOrchestrator, ConfigRedis):
    """Settings of the RedisOrchestrator."""

    max_pending_resolution_threads: int = Field(
        50, ge=1, description="Accepted, without effect: the server itself says what is pending, in one step."
    )


class ConfigStateBackendRedis(ConfigStateBackend, ConfigRedis):
    """Settings of the RedisStateBackend."""

    pagination_batch_size: int = Field(
        100, ge=1, description="Accepted, without effect: whoever reads pages says how large they are."
    )


class ConfigClientDataStoreRedis(ConfigClientDataStore, ConfigRedis):
    """Settings of the RedisClientDataStore."""


class ConfigTriggerRedis(ConfigTrigger, ConfigRedis):
    """Settings of the RedisTrigger."""
