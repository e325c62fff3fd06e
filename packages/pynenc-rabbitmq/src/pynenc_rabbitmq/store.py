"""RabbitStore: the connection of one process, made on first use, and again after a fork."""

from __future__ import annotations

import logging
import os
import socket
import threading
import weakref
from typing import NoReturn

import pika
from pika import exceptions

from pynenc.contracts.store import BaseStore, OnReady
from pynenc.exceptions import ConfigError, StoreError
from pynenc.values.capabilities import Capabilities
from pynenc.values.clock import Clock
from pynenc_rabbitmq.admin import Admin
from pynenc_rabbitmq.arrivals import Arrivals
from pynenc_rabbitmq.conf import ConfigRabbitMq
from pynenc_rabbitmq.consuming import Consumer
from pynenc_rabbitmq.link import Link
from pynenc_rabbitmq.publishing import Publisher
from pynenc_rabbitmq.topology import Topology


class Session:
    """Everything that lives as long as one connection owner: until the store is closed or the process forks."""

    def __init__(self, store: RabbitStore) -> None:
        conf, topology = store.conf, store.topology
        self.link = Link(store.parameters, store.where, conf, topology)
        self.publisher = Publisher(self.link, topology, conf, store.app_id)
        self.consumer = Consumer(
            self.link, topology, store.arrivals, store.app_id, conf.rabbitmq_prefetch_count
        )
        self.admin = Admin(self.link, conf.publish_timeout_seconds)
        self.link.parts += [self.publisher, self.consumer, self.admin]


class RabbitStore(BaseStore):
    """One app's queues on one server.

    Args:
        conf: Settings.
        app_id: Any text; apps on one server never see each other's messages.
        clock: For ``now``; the server has no clock that could be asked.
    """

    capabilities = Capabilities(durable=True, multi_process=True, push=True)

    def __init__(self, conf: ConfigRabbitMq, app_id: str, clock: Clock) -> None:
        self.conf = conf
        self.app_id = app_id
        self.topology = Topology.of(conf, app_id)
        self.parameters = parameters_of(conf, app_id)
        self.where = location_of(self.parameters)
        self._clock = clock
        self._set_up()
        driver_log = logging.getLogger("pika")
        if driver_log.level == logging.NOTSET:
            driver_log.setLevel(conf.rabbitmq_pika_log_level)
        _STORES.add(self)

    def _set_up(self) -> None:
        self.arrivals = Arrivals()
        self._lock = threading.Lock()
        self._session: Session | None = None  # guarded by self._lock

    def after_fork(self) -> None:
        """In the child: what the parent has is left alone, and a connection of its own is opened when it is needed."""
        self._set_up()

    @property
    def session(self) -> Session:
        """The connection owner."""
        session = self._session
        if session is not None:  # one look, without the lock: every message asks several times
            return session
        with self._lock:
            if self._session is None:
                self._session = Session(self)
            return self._session

    @property
    def open_session(self) -> Session | None:
        """The connection owner, if there is one."""
        with self._lock:
            return self._session

    def now(self) -> float:
        """Seconds since 1970 by the clock of this host."""
        return self._clock.now()

    def work_marker(self) -> int:
        """How much has arrived so far."""
        return self.arrivals.marker

    def wait_for_work(self, marker: int, timeout_seconds: float) -> bool:
        """Block until a message arrived since ``marker``."""
        if self.arrivals.marker != marker:
            return True
        self.session.consumer.ask()
        return self.arrivals.wait(marker, timeout_seconds)

    def interrupt(self) -> None:
        """Let every waiting thread of this process look again."""
        self.arrivals.interrupt()

    # -- what only stores of records have: nobody asks the store of a broker for it -----------------------

    def watch(self, on_ready: OnReady) -> NoReturn:
        """Raises StoreError: no invocation becomes final here."""
        raise _no_records()

    def occurrence_marker(self) -> NoReturn:
        """Raises StoreError: no occurrence is recorded here."""
        raise _no_records()

    def wait_for_occurrences(self, marker: int, timeout_seconds: float) -> NoReturn:
        """Raises StoreError: no occurrence is recorded here."""
        raise _no_records()

    def close(self) -> None:
        """Close the connection and end its thread."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.link.close(session.consumer.confirm)
        self.arrivals.interrupt()


def _no_records() -> StoreError:
    return StoreError("RabbitMQ holds messages, no invocations: ask the store of the orchestrator")


def parameters_of(conf: ConfigRabbitMq, app_id: str) -> pika.ConnectionParameters:
    """What the driver needs to connect.

    Raises:
        ConfigError: the URL is none.
    """
    url = conf.rabbitmq_url.get_secret_value()
    try:
        parameters = (
            pika.URLParameters(url)
            if url
            else pika.ConnectionParameters(
                host=conf.rabbitmq_host,
                port=conf.rabbitmq_port,
                virtual_host=conf.rabbitmq_virtual_host,
                credentials=pika.PlainCredentials(
                    conf.rabbitmq_username, conf.rabbitmq_password.get_secret_value()
                ),
            )
        )
    except (ValueError, TypeError, AttributeError, KeyError, exceptions.AMQPError):
        # Not chained: the error of the driver may quote the password.
        raise ConfigError(
            "rabbitmq_url is no address of a RabbitMQ server: write amqp://user:password@host:5672/vhost, with special "
            "characters percent-encoded (a virtual host '/' is %2F), or amqps:// for TLS"
        ) from None
    if url and not url.startswith(("amqp://", "amqps://")):
        raise ConfigError("rabbitmq_url has to begin with amqp:// or amqps://")
    parameters.heartbeat = conf.rabbitmq_heartbeat
    parameters.connection_attempts = conf.rabbitmq_connection_attempts
    parameters.retry_delay = conf.rabbitmq_retry_delay
    parameters.socket_timeout = parameters.stack_timeout = 10.0
    parameters.client_properties = {
        "connection_name": f"pynenc {app_id[:100]} {socket.gethostname()} {os.getpid()}"
    }
    # A network that drops everything is noticed by the kernel, also while user code keeps the interpreter busy.
    milliseconds = 1000 * (conf.rabbitmq_heartbeat + 5)
    options = {"TCP_KEEPIDLE": conf.rabbitmq_heartbeat, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}
    parameters.tcp_options = {**options, "TCP_USER_TIMEOUT": milliseconds}
    return parameters


def location_of(parameters: pika.ConnectionParameters) -> str:
    """The server, without secrets."""
    return f"RabbitMQ at {parameters.host}:{parameters.port}, virtual host '{parameters.virtual_host}'"


_STORES: weakref.WeakSet[RabbitStore] = weakref.WeakSet()


def _after_in_child() -> None:
    for store in list(_STORES):
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_in_child)
