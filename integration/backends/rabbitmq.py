"""The RabbitMQ broker beside records that another backend keeps: in one SQLite file, on Redis, or in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from integration.backends import sqlite
from integration.backends.parts import Backend, Choice, Parts, Site
from integration.servers.rabbitmq import PROVIDER

from pynenc.contracts import BaseBroker
from pynenc.values.clock import SystemClock
from pynenc_rabbitmq.broker import RabbitMqBroker


def broker(**fields: Any) -> Choice:
    """The broker on the server of the tests."""
    cls: type[BaseBroker] = RabbitMqBroker
    return cls, cls.config_cls({"rabbitmq_url": PROVIDER.url(), **fields})


def broker_settings() -> dict[str, Any]:
    """The same as settings of an app."""
    return {"broker_cls": "RabbitMqBroker", "rabbitmq_url": PROVIDER.url()}


def beside(name: str, records: Backend) -> Backend:
    """This broker, and everything else of another backend."""

    def build(site: Site, app_id: str) -> Parts:
        # Leases end by the clock of the machine, so that everything goes by it.
        real = Site(site.folder, SystemClock())
        cls, conf = broker()
        made: BaseBroker = cls.on_store(cls.make_store(conf, app_id, real.clock))
        return replace(records.build(real, app_id), broker=made)

    return replace(
        records,
        name=name,
        build=build,
        settings=lambda folder: {**records.settings(folder), **broker_settings()},
        takes_clock=False,
        keeps_order=False,
        unreachable=lambda: PROVIDER.problem() or records.unreachable(),
        provider=lambda: f"{PROVIDER.describe()}, {records.provider()}",
    )


BACKEND = beside("rabbitmq", sqlite.BACKEND)
