"""Counts what a client asks of an AMQP server, by looking at the bytes."""

from __future__ import annotations

import struct
import threading
from collections import Counter, defaultdict

_HEADER_BYTES = 8
_METHOD_FRAME = 1
_NAMES = {
    (10, 11): "connection.start-ok",
    (10, 31): "connection.tune-ok",
    (10, 40): "connection.open",
    (10, 50): "connection.close",
    (10, 51): "connection.close-ok",
    (20, 10): "channel.open",
    (20, 40): "channel.close",
    (20, 41): "channel.close-ok",
    (40, 10): "exchange.declare",
    (50, 10): "queue.declare",
    (50, 20): "queue.bind",
    (50, 40): "queue.delete",
    (60, 10): "basic.qos",
    (60, 20): "basic.consume",
    (60, 30): "basic.cancel",
    (60, 40): "basic.publish",
    (60, 70): "basic.get",
    (60, 80): "basic.ack",
    (60, 90): "basic.reject",
    (60, 120): "basic.nack",
    (85, 10): "confirm.select",
}
#: Those that a client does not wait for.
UNANSWERED = {"basic.publish", "basic.ack", "basic.nack", "basic.reject"}


class Methods:
    """Counts the methods of all connections."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buffers: dict[int, bytes] = defaultdict(bytes)
        self._begun: set[int] = set()
        self._counts: Counter[str] = Counter()

    def note(self, connection: int, data: bytes) -> None:
        """Take note of what a client sent."""
        with self._lock:
            buffer = self._buffers[connection] + data
            if connection not in self._begun:
                self._begun.add(connection)
                buffer = buffer[_HEADER_BYTES:]
            while len(buffer) >= 7:
                kind, _, size = struct.unpack(">BHL", buffer[:7])
                if len(buffer) < size + 8:
                    break
                if kind == _METHOD_FRAME:
                    key = struct.unpack(">HH", buffer[7:11])
                    self._counts[_NAMES.get(key, str(key))] += 1
                buffer = buffer[size + 8 :]
            self._buffers[connection] = buffer

    def take(self) -> Counter[str]:
        """What was counted since this was called last."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            return counts
