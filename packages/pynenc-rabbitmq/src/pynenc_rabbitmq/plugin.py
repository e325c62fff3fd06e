"""What the entry point names: imported by every app, so it imports settings and no driver."""

from __future__ import annotations

from typing import Any

from pynenc.contracts.plugin import Plugin
from pynenc_rabbitmq.conf import ConfigBrokerRabbitMq, ConfigRabbitMq


def rabbitmq_broker(  # noqa: PLR0913, PLR0917 - one argument per setting, as users write them
    builder: Any,
    host: str | None = None,
    port: int | None = None,
    username: str | None = None,
    password: str | None = None,
    virtual_host: str | None = None,
    queue_prefix: str | None = None,
    exchange_name: str | None = None,
    exchange_type: str | None = None,
) -> Any:
    """``PynencBuilder().redis(...).rabbitmq_broker(host="rabbit")``: queue in RabbitMQ, everything else elsewhere.

    Args:
        builder: The builder.
        host: Of the server; what is not given is left to the settings.
        port: Of the server.
        username: Of the user.
        password: Of the user.
        virtual_host: That the queues are in.
        queue_prefix: First part of the names of queues.
        exchange_name: That messages are published to.
        exchange_type: ``direct`` or ``topic``.
    """
    given = {
        "host": host,
        "port": port,
        "username": username,
        "password": password,
        "virtual_host": virtual_host,
        "queue_prefix": queue_prefix,
        "exchange_name": exchange_name,
        "exchange_type": exchange_type,
    }
    values = {f"rabbitmq_{name}": value for name, value in given.items() if value is not None}
    return builder.custom_config(broker_cls="RabbitMqBroker", **values)


def rabbitmq(builder: Any, url: str | None = None, **settings: Any) -> Any:
    """``PynencBuilder().sqlite("tasks.db").rabbitmq("amqp://user:password@host/vhost")``: queue in RabbitMQ.

    Args:
        builder: The builder.
        url: The server, with user, password and virtual host.
        settings: Those of ``rabbitmq_broker``.

    Raises:
        ValueError: the url and a setting name the same thing.
    """
    doubled = sorted({"host", "port", "username", "password", "virtual_host"} & settings.keys())
    if url is not None and doubled:
        raise ValueError(f"rabbitmq(url=..., {doubled[0]}=...): the url says that already, give one of them")
    if url is not None:
        builder.custom_config(rabbitmq_url=url)
    return rabbitmq_broker(builder, **settings)


plugin = Plugin(
    name="rabbitmq",
    components={"RabbitMqBroker": "pynenc_rabbitmq.broker.RabbitMqBroker"},
    config_classes=(ConfigRabbitMq, ConfigBrokerRabbitMq),
    builder_methods={"rabbitmq": rabbitmq, "rabbitmq_broker": rabbitmq_broker},
    requires_core="1.0",
)
