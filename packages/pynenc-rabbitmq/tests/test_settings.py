"""Settings, names and messages of bad and good input; nothing here needs a server."""

from __future__ import annotations

import pickle

import pika
import pytest

from pynenc import PynencBuilder
from pynenc.exceptions import ConfigError
from pynenc_rabbitmq import message
from pynenc_rabbitmq.broker import RabbitMqBroker
from pynenc_rabbitmq.conf import ConfigBrokerRabbitMq
from pynenc_rabbitmq.plugin import rabbitmq
from pynenc_rabbitmq.topology import Topology


def test_the_builder_takes_a_url_and_keeps_its_password() -> None:
    builder = PynencBuilder().app_id("a").sqlite("a.db")
    app = builder.rabbitmq("amqp://me:hush@rabbit:5673/shop").build()  # type: ignore[attr-defined]
    assert isinstance(app.broker, RabbitMqBroker)
    assert app.broker.store.where == "RabbitMQ at rabbit:5673, virtual host 'shop'"
    conf = app.broker.store.conf
    assert "hush" not in f"{app.conf} {conf!r} {RabbitMqBroker.store_key(conf, 'a')}"
    assert app.orchestrator.store is not app.broker.store


def test_the_builder_takes_single_settings() -> None:
    builder = PynencBuilder().app_id("a").sqlite("a.db")
    app = builder.rabbitmq_broker(  # type: ignore[attr-defined]
        "rabbit", 5673, "me", "hush", "shop", "q", "x", "topic"
    ).build()
    store = app.broker.store
    assert store.where == "RabbitMQ at rabbit:5673, virtual host 'shop'"
    assert (store.topology.exchange, store.topology.exchange_type) == ("x", "topic")
    assert store.topology.queue == "q.a.default.v1"


def test_a_url_and_what_it_says_already_are_refused() -> None:
    with pytest.raises(ValueError, match="host"):
        rabbitmq(PynencBuilder(), "amqp://localhost", host="other")


@pytest.mark.parametrize(
    "url",
    [
        "localhost:5672",
        "redis://me:hush@localhost",
        "amqp://me:hush@localhost:port/",
        "amqp://me:hush@localhost/?heartbeat=x",
    ],
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        RabbitMqBroker.store_key(ConfigBrokerRabbitMq({"rabbitmq_url": url}), "app")
    assert "amqp://" in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rabbitmq_port", 0),
        ("rabbitmq_exchange_type", "fanout"),
        ("rabbitmq_queue_type", "stream"),
        ("rabbitmq_prefetch_count", 0),
        ("rabbitmq_heartbeat", -1),
        ("rabbitmq_message_ttl", -5),
        ("rabbitmq_queue_prefix", ""),
        ("rabbitmq_retry_initial_delay", 0),
    ],
)
def test_values_that_make_no_sense_are_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        ConfigBrokerRabbitMq({field: value})


def test_apps_have_queues_of_their_own_whatever_they_are_called() -> None:
    conf = ConfigBrokerRabbitMq()
    apps = [
        "app",
        "app.",
        "App",
        "a" * 300,
        "a" * 301,
        "*",
        "#",
        "ünï ☃",
        "",
        "app~",
        "line\nline",
        "app.default.v1",
    ]
    names = [name for app in apps for name in (*Topology.of(conf, app).queues, Topology.of(conf, app).dead)]
    assert len(set(names)) == 3 * len(apps)
    assert all(len(name.encode()) <= 255 and not set(name) & set("*#\n ") for name in names)


@pytest.mark.parametrize(
    ("properties", "body", "why"),
    [
        ({}, b"a", "type"),
        ({"type": "pynenc.invocation"}, b"a", "app"),
        ({"type": "pynenc.invocation", "headers": {"app": "other"}}, b"a", "other"),
        ({"type": "pynenc.invocation", "headers": {"app": "app"}}, b"", "no invocation id"),
        ({"type": "pynenc.invocation", "headers": {"app": "app"}}, b"\xff\xfe", "utf-8"),
        ({"type": "pynenc.invocation", "headers": {"app": "app"}}, b"a\x00b", "no invocation id"),
        ({"type": "pynenc.invocation", "headers": {"app": "app"}}, b"x" * 10_000_000, "no invocation id"),
        ({"type": "pynenc.invocation", "headers": {"app": "app"}}, pickle.dumps("a"), "utf-8"),
    ],
)
def test_foreign_messages_are_told_from_ours(properties: dict[str, object], body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        message.read(pika.BasicProperties(**properties), body, "app")


def test_ours_are_read() -> None:
    assert message.read(message.properties_for("äpp", 0), "ïd".encode(), "äpp") == "ïd"


def test_a_time_to_live_is_the_message_s() -> None:
    assert message.properties_for("app", 5000).expiration == "5000"
    assert message.properties_for("app", 0).expiration is None
