"""What is recognised by its bytes is what the driver would have taken apart; the server is a script."""

from __future__ import annotations

import socket
import threading
from functools import partial
from typing import Any

import pika
import pytest
from pika import frame, spec

from pynenc_rabbitmq.connection import Address, Connection
from pynenc_rabbitmq.loop import SharedLoop

DEADLINE_SECONDS = 10
_PROPERTIES = pika.BasicProperties(type="ours", headers={"app": "a"}, delivery_mode=2)
_OTHERS = pika.BasicProperties(type="theirs")
_CONSUMER = "someone"
_ABLE = {"capabilities": {"publisher_confirms": True, "basic.nack": True}}
_ANSWERS = {
    spec.Connection.StartOk: spec.Connection.Tune(10, 131_072, 0),
    spec.Connection.Open: spec.Connection.OpenOk(),
    spec.Channel.Open: spec.Channel.OpenOk(),
    spec.Basic.Consume: spec.Basic.ConsumeOk(_CONSUMER),
    spec.Confirm.Select: spec.Confirm.SelectOk(),
}


class Server:
    """Opens a connection with one channel, and then says what it is told to say."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._open)
        self._thread.start()

    def _open(self) -> None:
        self._peer, _ = self._listening.accept()
        self._peer.settimeout(DEADLINE_SECONDS)
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer.recv(8)
        self._answer(0, spec.Connection.Start(0, 9, _ABLE, b"PLAIN", b"en_US"))
        data = b""
        while True:
            size, found = frame.decode_frame(data)
            if not size:
                data += self._peer.recv(4096)
                continue
            data = data[size:]
            answer = _ANSWERS.get(type(found.method))
            if answer is not None:
                self._answer(found.channel_number, answer)
            if isinstance(answer, spec.Confirm.SelectOk):
                return

    def _answer(self, channel: int, method: Any) -> None:
        self._peer.sendall(frame.Method(channel, method).marshal())

    def say(self, data: bytes, piece: int) -> None:
        """Send it, a piece at a time."""
        self._thread.join(DEADLINE_SECONDS)
        for at in range(0, len(data), piece):
            self._peer.sendall(data[at : at + piece])

    def close(self) -> None:
        self._peer.close()
        self._listening.close()

    def hear(self, size: int) -> bytes:
        """So many bytes of what the client says."""
        data = b""
        while len(data) < size:
            data += self._peer.recv(size - len(data))
        return data


class Client:
    """Notes what arrives, and may recognise it."""

    def __init__(self, loop: SharedLoop, port: int, *, recognises: bool) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.known = 0
        self.ready, self.ended = threading.Event(), threading.Event()
        self._recognises = recognises
        self._connection: Any = None
        self._channel: Any = None
        parameters = pika.ConnectionParameters("127.0.0.1", port)

        def connect() -> None:
            self._connection = Connection(
                parameters, on_open_callback=lambda one: one.channel(on_open_callback=self._on_channel),
                custom_ioloop=loop,
            )  # fmt: skip

        loop.add_callback(connect)

    @property
    def bytes_received(self) -> int:
        return int(self._connection.bytes_received)

    def publish(self, address: Address, bodies: list[bytes]) -> None:
        """Have messages published; on the loop's thread."""
        self._connection.publish(self._channel, address, bodies)

    def acknowledge(self, tags: list[int], *, multiple: bool) -> None:
        """Have messages acknowledged; on the loop's thread."""
        self._connection.acknowledge(self._channel, tags, multiple=multiple)

    def acknowledge_by_the_driver(self, tag: int, *, multiple: bool) -> None:
        """The same by the driver's own method."""
        self._channel.basic_ack(tag, multiple)

    def publish_by_the_driver(self, exchange: str, queue: str, body: bytes) -> None:
        """The same by the driver's own method."""
        self._channel.basic_publish(exchange, queue, body, _PROPERTIES, mandatory=True)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.basic_consume("q", self._on_message, consumer_tag=_CONSUMER)
        channel.confirm_delivery(
            lambda one: self._on_confirm(one.method.delivery_tag, one.method.multiple),
            callback=lambda _: self.ready.set(),
        )
        if self._recognises:
            self._connection.recognise_confirms(channel.channel_number, self._on_known_confirm)

    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self.events.append(("message", method.delivery_tag, properties.type, body))
        if body == b"last":
            self.ended.set()
        elif self._recognises and properties.type == "ours":
            self._connection.recognise_messages(method.delivery_tag, body, self._on_known)

    def _on_known(self, tag: int, body: bytes) -> bool:
        if body == b"refuse":
            return False
        self.known += 1
        self.events.append(("message", tag, "ours", body))
        return True

    def _on_confirm(self, tag: int, multiple: bool) -> None:
        self.events.append(("confirm", tag, multiple))

    def _on_known_confirm(self, tag: int, multiple: bool) -> None:
        self.known += 1
        self._on_confirm(tag, multiple)


def _message(tag: int, body: bytes, properties: Any = _PROPERTIES, *, again: bool = False) -> bytes:
    method = spec.Basic.Deliver(_CONSUMER, tag, again, "exchange", "key")
    frames = (frame.Method(1, method), frame.Header(1, len(body), properties), frame.Body(1, body))
    return b"".join(one.marshal() for one in frames)


def _confirm(tag: int, *, multiple: bool = False) -> bytes:
    data: bytes = frame.Method(1, spec.Basic.Ack(tag, multiple)).marshal()
    return data


_SAID = b"".join(
    [
        _confirm(1),
        _message(1, b"first-"),
        _message(2, b"second"),
        _confirm(300, multiple=True),
        _message(3, b"third-"),
        _message(2**40, b"refuse"),
        _message(5, b"again-", again=True),
        _message(6, b"longer than before"),
        _message(7, b"as long as before."),
        frame.Heartbeat().marshal(),
        _message(8, b"not of our own app", _OTHERS),
        _message(9, b"\xce\xce\xce\xce\xce\xce"),
        _message(10, b"\x01\x00\x01\xce\xce\xce"),
        frame.Method(1, spec.Basic.Nack(4, False)).marshal(),
        _confirm(2**33),
        _message(11, b"last"),
    ]
)


@pytest.mark.parametrize("piece", [1, 5, 21, 130, len(_SAID)])
def test_what_is_recognised_is_what_the_driver_would_have_found(loop: SharedLoop, piece: int) -> None:
    seen = []
    for recognises in (False, True):
        server = Server()
        client = Client(loop, server.port, recognises=recognises)
        server.say(_SAID, piece)
        assert client.ended.wait(DEADLINE_SECONDS)
        seen.append((client.events, client.bytes_received))
        server.close()
    assert seen[0] == seen[1]
    assert ("message", 2**40, "ours", b"refuse") in seen[0][0]


def test_what_comes_by_itself_is_recognised_until_it_is_forgotten(loop: SharedLoop) -> None:
    server = Server()
    client = Client(loop, server.port, recognises=True)
    assert client.ready.wait(DEADLINE_SECONDS)
    bodies = [b"first-", b"second", b"third-"]
    for tag, body in enumerate(bodies, 1):
        server.say(_message(tag, body), 10_000)
        _until(lambda tag=tag: len(client.events) == tag)  # type: ignore[misc]
    assert client.known == 2
    loop.add_callback(client._connection.forget_messages)
    server.say(_message(4, b"last"), 10_000)
    assert client.ended.wait(DEADLINE_SECONDS)
    assert client.known == 2
    assert [event[3] for event in client.events] == [*bodies, b"last"]
    server.close()


def test_a_message_is_what_the_driver_would_have_sent(loop: SharedLoop) -> None:
    server = Server()
    client = Client(loop, server.port, recognises=False)
    assert client.ready.wait(DEADLINE_SECONDS)
    bodies = [b"first", b"second", b"third"]
    for body in bodies:
        loop.add_callback(partial(client.publish_by_the_driver, "exchange", "queue", body))
    method = spec.Basic.Publish(0, "exchange", "queue", True)
    expected = b"".join(
        one.marshal()
        for body in bodies
        for one in (frame.Method(1, method), frame.Header(1, len(body), _PROPERTIES), frame.Body(1, body))
    )
    assert server.hear(len(expected)) == expected
    address = Address("exchange", "queue", _PROPERTIES)
    loop.add_callback(partial(client.publish, address, bodies[:2]))
    loop.add_callback(partial(client.publish, address, bodies[2:]))
    assert server.hear(len(expected)) == expected
    server.close()


def test_an_acknowledgement_is_what_the_driver_would_have_sent(loop: SharedLoop) -> None:
    server = Server()
    client = Client(loop, server.port, recognises=False)
    assert client.ready.wait(DEADLINE_SECONDS)
    loop.add_callback(partial(client.acknowledge_by_the_driver, 1, multiple=False))
    loop.add_callback(partial(client.acknowledge_by_the_driver, 2**40, multiple=False))
    loop.add_callback(partial(client.acknowledge_by_the_driver, 7, multiple=True))
    expected = [
        frame.Method(1, spec.Basic.Ack(tag, multiple)).marshal()
        for tag, multiple in ((1, False), (2**40, False), (7, True))
    ]
    size = sum(map(len, expected))
    assert server.hear(size) == b"".join(expected)
    loop.add_callback(partial(client.acknowledge, [1, 2**40], multiple=False))
    loop.add_callback(partial(client.acknowledge, [7], multiple=True))
    assert server.hear(size) == b"".join(expected)
    server.close()


def test_what_the_system_does_not_take_at_once_is_sent_in_order(loop: SharedLoop) -> None:
    server = Server()
    client = Client(loop, server.port, recognises=False)
    assert client.ready.wait(DEADLINE_SECONDS)
    address = Address("exchange", "queue", _PROPERTIES)
    batches = [[bytes([number]) * 100_000 for number in range(200)], [b"last"]]
    method = frame.Method(1, spec.Basic.Publish(0, "exchange", "queue", True))
    expected = b"".join(
        one.marshal()
        for batch in batches
        for body in batch
        for one in (method, frame.Header(1, len(body), _PROPERTIES), frame.Body(1, body))
    )
    heard: list[bytes] = []
    written = threading.Event()

    def write() -> None:
        client.publish(address, batches[0])
        heard.append(server.hear(1_000_000))  # so that the system would take something again
        client.publish(address, batches[1])
        written.set()

    loop.add_callback(write)
    assert written.wait(DEADLINE_SECONDS)
    heard.append(server.hear(len(expected) - 1_000_000))
    assert b"".join(heard) == expected
    server.close()


def _until(condition: Any) -> None:
    pause = threading.Event()
    for _ in range(DEADLINE_SECONDS * 1000):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError("it did not happen in time")
