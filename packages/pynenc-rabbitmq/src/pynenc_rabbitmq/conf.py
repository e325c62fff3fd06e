"""Settings of the RabbitMQ broker."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_components import ConfigBroker
from pynenc.conf.field_types import Seconds


class ConfigRabbitMq(ConfigBase):
    """Settings of the connection, the queues and the messages."""

    rabbitmq_url: SecretStr = Field(
        SecretStr(""),
        description="amqp:// or amqps:// (TLS) with user, password, host, port and virtual host; overrides those.",
    )
    rabbitmq_host: str = Field("localhost", min_length=1, description="Host of the server.")
    rabbitmq_port: int = Field(5672, ge=1, le=65535, description="Port of the server.")
    rabbitmq_username: str = Field("guest", description="User.")
    rabbitmq_password: SecretStr = Field(SecretStr("guest"), description="Password of the user.")
    rabbitmq_virtual_host: str = Field("/", min_length=1, description="Virtual host.")
    rabbitmq_queue_prefix: str = Field(
        "pynenc", min_length=1, max_length=64, description="First part of the names of queues."
    )
    rabbitmq_exchange_name: str = Field(
        "pynenc.direct", min_length=1, max_length=127, description="Exchange that messages are published to."
    )
    rabbitmq_exchange_type: Literal["direct", "topic"] = Field(
        "direct", description="Type of the exchange; messages are routed by the name of their queue."
    )
    rabbitmq_queue_type: Literal["quorum", "classic"] = Field(
        "quorum",
        description="quorum is replicated and survives the loss of a minority of nodes; classic is not.",
    )
    rabbitmq_connection_attempts: int = Field(
        1, ge=1, le=100, description="Attempts to connect in a row, before a pause that grows."
    )
    rabbitmq_retry_delay: Seconds = Field(1.0, le=3600, description="Seconds between such attempts in a row.")
    rabbitmq_heartbeat: int = Field(
        10, ge=1, le=3600, description="Seconds of silence after which a connection counts as dead, about."
    )
    rabbitmq_prefetch_count: int = Field(
        128, ge=1, le=10_000, description="At most so many messages wait in one process for being claimed."
    )
    rabbitmq_message_ttl: int = Field(
        86_400_000,
        ge=0,
        le=2**31 - 1,
        description="Milliseconds after which the server drops a message; what it was about is queued again "
        "by a runner. 0: never.",
    )
    rabbitmq_confirm_delivery: bool = Field(
        True, description="Have the server confirm what is published, and send it again if it does not."
    )
    rabbitmq_pika_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        "CRITICAL", description="Level of the log of the driver, whose errors are reported by pynenc as well."
    )
    rabbitmq_retry_max_attempts: int = Field(
        0, ge=0, description="Failed connections in a row after which the next use tries again; 0: no limit."
    )
    rabbitmq_retry_initial_delay: Seconds = Field(
        0.1, gt=0, le=3600, description="Pause after the first failed connection."
    )
    rabbitmq_retry_max_delay: Seconds = Field(5.0, gt=0, le=3600, description="Longest pause between two.")
    rabbitmq_retry_exponential_base: float = Field(
        2.0, ge=1, le=10, description="By how much the pause grows each time."
    )
    publish_timeout_seconds: Seconds = Field(
        5.0, description="How long a call waits for the broker; the invocation is kept and announced later."
    )


class ConfigBrokerRabbitMq(ConfigBroker, ConfigRabbitMq):
    """Settings of the RabbitMqBroker."""
