"""A RabbitMQ server for one measurement, which ends with its process."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pika
from integration.servers.process import ServerProcess, free_port
from integration.servers.rabbitmq import command


def start(folder: Path) -> None:
    """Start one in the folder of the measurement; its address is in ``BENCHMARK_RABBITMQ``, for workers as well."""
    port, place = free_port(), folder / "rabbitmq"
    place.mkdir()
    words = command(port, place)
    assert words is not None, "rabbitmq-server is not installed"
    url = f"amqp://guest:guest@127.0.0.1:{port}/%2F"

    def is_ready() -> bool:
        socket.create_connection(("127.0.0.1", port), 1).close()
        pika.BlockingConnection(pika.URLParameters(url)).close()
        return True

    ServerProcess(words, place, is_ready, 90).start()
    os.environ["BENCHMARK_RABBITMQ"] = url
