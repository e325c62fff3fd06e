"""What RabbitMQ refuses because of settings is said."""

from __future__ import annotations

import time

import pytest
from integration.faults.place import Place, running
from integration.rabbitmq_server.scene import (
    Server,
    app_on,
    call,
    channel_of,
    require_results,
    topology,
    warned,
)

from pynenc.exceptions import ConfigError, StoreError, StoreUnavailableError
from pynenc.values.ids import InvocationId
from pynenc_rabbitmq.broker import RabbitMqBroker

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("amqp://guest:hush@127.0.0.1:{port}/%2F", "login"),
        ("amqp://guest:guest@127.0.0.1:{port}/nowhere", "virtual host"),
    ],
)
def test_a_refused_login_is_said_and_loses_nothing(
    place: Place, server: Server, address: str, why: str
) -> None:
    url = address.format(port=server.port)
    with app_on(place, rabbitmq_url=url) as sample, warned() as warnings:
        began = time.monotonic()
        call(sample, 1)
        assert time.monotonic() - began < 10
        with pytest.raises(StoreError, match=why) as error:
            sample.app.broker.count()
        assert not isinstance(error.value, StoreUnavailableError)
        with pytest.raises((StoreError, ConfigError), match=why):
            sample.app.runner.run()
        assert any(why in warning for warning in warnings)
        assert "hush" not in f"{warnings} {error.value}"
    with app_on(place) as sample, running(sample):
        require_results(place, sample)


def test_missing_rights_are_said(place: Place, server: Server) -> None:
    server.control("add_user", "nobody", "hush")
    server.control("set_permissions", "nobody", "^$", "^$", "^$")
    url = f"amqp://nobody:hush@127.0.0.1:{server.port}/%2F"
    with app_on(place, rabbitmq_url=url) as sample:
        call(sample, 1)
        with pytest.raises((StoreError, ConfigError), match="needs the rights to configure") as error:
            sample.app.runner.run()
        assert "hush" not in str(error.value)
    with app_on(place) as sample, running(sample):
        require_results(place, sample)


def test_a_queue_that_exists_with_other_arguments_is_said(place: Place, server: Server) -> None:
    with app_on(place) as sample:
        assert isinstance(sample.app.broker, RabbitMqBroker)
        with channel_of(server.url) as channel:
            channel.queue_declare(topology(sample).queue, durable=False)
        call(sample, 1)
        with pytest.raises(StoreError, match="other arguments"):
            sample.app.broker.push([InvocationId("a")])
        with pytest.raises((StoreError, ConfigError), match="other arguments"):
            sample.app.runner.run()
        with channel_of(server.url) as channel:
            channel.queue_delete(topology(sample).queue)
        with running(sample):
            require_results(place, sample)
