"""An app on a server that is mistreated."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
from integration.faults.place import Place, eventually, is_at_rest, require_good
from integration.servers.amqp_methods import Methods
from integration.servers.process import ServerProcess
from integration.servers.proxy import Proxy
from integration.servers.rabbitmq import address_of, control

#: Enough for a machine that is busy with something else.
PATIENT = {"rabbitmq_heartbeat": 10, "publish_timeout_seconds": 10.0}
#: For what has to be given up.
IMPATIENT = {"publish_timeout_seconds": 1.0}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that may be ended and started."""

    folder: Path
    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        return address_of("127.0.0.1", self.port)

    def control(self, *arguments: str) -> str:
        return control(self.folder, *arguments)


class Watched:
    """A way to the server on which what is asked of it is counted."""

    def __init__(self, server: Server) -> None:
        self.counted = Methods()
        self.proxy = Proxy(server.port, self.counted.note)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.proxy.port}/%2F"


@contextmanager
def app_on(place: Place, **settings: Any) -> Iterator[Any]:
    sample = place.load(settings)
    try:
        yield sample
    finally:
        sample.app.close()


@contextmanager
def channel_of(url: str) -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def call(sample: Any, *numbers: int) -> list[Any]:
    made = list(sample.double.parallelize([(n,) for n in numbers]).invocations)
    sample.log("accepted", ids=[one.invocation_id for one in made])
    return made


def require_results(place: Place, sample: Any) -> None:
    eventually(lambda: is_at_rest(sample), "everything is final", seconds=40)
    require_good(place, sample)


@contextmanager
def warned() -> Iterator[list[str]]:
    """What pynenc warns of meanwhile."""
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("pynenc")
    plugin_log = logging.getLogger("pynenc_rabbitmq")
    level = log.level
    log.setLevel(logging.WARNING)
    for one in (log, plugin_log):
        one.addHandler(handler)
    try:
        yield messages
    finally:
        log.setLevel(level)
        for one in (log, plugin_log):
            one.removeHandler(handler)


def topology(sample: Any) -> Any:
    return sample.app.broker.store.topology
