"""The RabbitMQ broker, with everything else in one SQLite file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.backends import sqlite
from integration.backends.parts import Backend, Choice, Parts, Site, assemble
from integration.servers.rabbitmq import PROVIDER

from pynenc.backends.sqlite.store import SQLiteStore
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


def build(site: Site, app_id: str) -> Parts:
    """Leases end by the clock of the machine, so that everything goes by it."""
    choices = sqlite.choices(site.folder / "all.db") | {"broker": broker()}
    return assemble(Site(site.folder, SystemClock()), app_id, choices)


def settings(folder: Path) -> dict[str, Any]:
    """The settings of an app."""
    return {**sqlite.settings(folder), **broker_settings()}


BACKEND = Backend(
    "rabbitmq",
    build,
    SQLiteStore.capabilities,
    settings,
    takes_clock=False,
    keeps_order=False,
    unreachable=PROVIDER.problem,
    provider=lambda: f"{PROVIDER.describe()}, {sqlite.provider()}",
)
