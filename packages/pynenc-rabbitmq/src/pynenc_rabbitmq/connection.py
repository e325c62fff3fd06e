"""The driver's connection, with short ways for what happens with each call.

Messages leave in one piece, of which only their bodies are new. What arrives again and again is recognised by its bytes
instead of being taken apart: messages that differ from one before in number and body only, and confirmations.
Inner steps of the driver are replaced for this. Where a version of it takes other steps when something arrives, that
goes the long way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import pika
from pika import exceptions
from pika.adapters.utils.io_services_utils import _AsyncPlaintextTransport

_FRAME = struct.Struct(">BHI")
_TAG = struct.Struct(">Q")
_END = bytes([pika.spec.FRAME_END])
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER, _ACK = b"\x00\x3c\x00\x3c", b"\x00\x3c\x00\x50"
#: Frame, method, number, whether it is about all before as well, end.
_ACK_SIZE = _FRAME.size + len(_ACK) + _TAG.size + 2

#: So much is read at a time.
_READ_BYTES = 16384

#: Takes number and body of a message; False has it go the long way.
OnMessage = Callable[[int, bytes], bool]
#: Takes number, and whether all before are confirmed as well.
OnConfirm = Callable[[int, bool], None]


class Address:
    """Where messages go, and what is said of all of them: encoded once for each channel and size.

    Args:
        exchange: Name of the exchange.
        queue: Name of the queue that it leads to.
        properties: Of the messages.
    """

    def __init__(self, exchange: str, queue: str, properties: pika.BasicProperties) -> None:
        self._method = pika.spec.Basic.Publish(exchange=exchange, routing_key=queue, mandatory=True)
        self._properties = properties
        self._heads: dict[tuple[int, int], bytes] = {}

    def head(self, channel: int, size: int) -> bytes:
        """What a message with a body of so many bytes begins with."""
        head = self._heads.get((channel, size))
        if head is None:
            method = pika.frame.Method(channel, self._method).marshal()
            header = pika.frame.Header(channel, size, self._properties).marshal()
            head = self._heads[channel, size] = method + header + _FRAME.pack(_BODY, channel, size)
        return head


class _Known(NamedTuple):
    """What messages look like that differ only in number and body: before, between, and how long the body is."""

    before: bytes
    between: bytes
    body_size: int
    take: OnMessage

    @property
    def size(self) -> int:
        return len(self.before) + _TAG.size + len(self.between) + self.body_size + 1


class Connection(pika.SelectConnection):  # type: ignore[misc]  # the driver has no types
    """A connection on a loop of ours."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._known: _Known | None = None
        self._known_size = 0
        #: How confirmations begin that are recognised.
        self._confirming = b""
        self._on_confirm: OnConfirm | None = None
        #: What the driver takes apart at the moment.
        self._arriving = b""
        #: How it writes, if that is a socket without TLS.
        self._plain: Any = None
        super().__init__(*args, **options)

    def publish(self, channel: Any, address: Address, bodies: Sequence[bytes]) -> None:
        """Publish messages, each so small that it is one frame.

        Raises:
            ChannelWrongStateError: the channel is closed.
        """
        _require_open(channel)
        pieces: list[bytes] = []
        for body in bodies:
            pieces += address.head(channel.channel_number, len(body)), body, _END
        self._write_now(b"".join(pieces))

    def acknowledge(self, channel: Any, tags: Sequence[int], *, multiple: bool) -> None:
        """Acknowledge messages, with ``multiple`` also all before each of them.

        Raises:
            ChannelWrongStateError: the channel is closed.
        """
        _require_open(channel)
        head = _ack_head(channel.channel_number)
        end = bytes([multiple]) + _END
        self._write_now(b"".join([head + _TAG.pack(tag) + end for tag in tags]))

    def _write_now(self, data: bytes) -> None:
        """Hand something to the system on the spot, unless other things wait for that; the driver does the rest.

        By itself it asks its loop to be called when the system takes something, and is called at once: 20 calls.
        """
        transport = self._transport
        if transport is self._plain and not transport.get_write_buffer_size():
            try:
                sent = transport._sock.send(data)
            except OSError:  # the driver meets it again, and knows what it means
                sent = 0
            self.bytes_sent += sent
            data = data[sent:]
        if data:
            super()._output_marshaled_frames([data])

    def recognise_messages(self, tag: int, body: bytes, take: OnMessage) -> None:
        """Give those to ``take`` from now on that look like this one, which arrived just now."""
        before, between = _around(self._arriving, tag, body)
        if before:
            self._known = _Known(before, between, len(body), take)
            self._known_size = self._known.size

    def forget_messages(self) -> None:
        """Have the driver look at every message again."""
        self._known = None

    def recognise_confirms(self, channel: int, take: OnConfirm) -> None:
        """Give the confirmations of what was published on a channel to ``take``, if they are no refusals."""
        self._confirming = _ack_head(channel)
        self._on_confirm = take

    def _proto_connection_made(self, transport: Any) -> None:
        # The driver reads until there is nothing more, while those wait whom it woke up for what it has read.
        transport._MAX_RECV_BYTES, transport._MAX_CONSUME_BYTES = _READ_BYTES, 1
        if isinstance(transport, _AsyncPlaintextTransport):
            self._plain = transport
            # Four calls fewer for whatever arrives.
            transport._nbio.set_reader(transport._sock.fileno(), partial(self._on_readable, transport))
        super()._proto_connection_made(transport)

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        # The driver hands over each frame by itself: three packets, for which the server wakes up three times.
        super()._output_marshaled_frames([b"".join(marshaled_frames)])

    def _on_readable(self, transport: Any) -> None:
        """Read on the spot; where there is nothing to read, the driver looks itself, and knows what it means."""
        try:
            data = transport._sock.recv(_READ_BYTES)
        except OSError:
            data = b""
        if data:
            self._proto_data_received(data)
        else:
            transport._on_socket_readable()

    def _proto_data_received(self, data: bytes) -> None:
        if not self._frame_buffer:
            at = self._take_known(data)
            if at:
                self.bytes_received += at  # which is what heartbeats look at
                data = data[at:]
        if data:
            self._arriving = b"" if self._frame_buffer else data
            super()._proto_data_received(data)

    def _take_known(self, data: bytes) -> int:
        """Take what is recognised; how many bytes that was."""
        at, end = 0, len(data)
        while at < end:
            known = self._known
            if known is not None and data.startswith(known.before, at):
                stop = at + self._known_size
                tag_at = at + len(known.before)
                between_at = tag_at + _TAG.size
                body_at = between_at + len(known.between)
                if stop > end or data[stop - 1] != _END[0] or not data.startswith(known.between, between_at):
                    break
                if not known.take(_TAG.unpack_from(data, tag_at)[0], data[body_at : stop - 1]):
                    break
            elif self._on_confirm is not None and data.startswith(self._confirming, at):
                stop = at + _ACK_SIZE
                if stop > end or data[stop - 1] != _END[0]:
                    break
                self._on_confirm(
                    _TAG.unpack_from(data, at + len(self._confirming))[0], data[stop - 2] & 1 == 1
                )
            else:
                break
            at = stop
        return at


def _ack_head(channel: int) -> bytes:
    """How an acknowledgement begins, whoever sends it."""
    return _FRAME.pack(_METHOD, channel, _ACK_SIZE - _FRAME.size - 1) + _ACK


def _require_open(channel: Any) -> None:
    if not channel.is_open:
        raise exceptions.ChannelWrongStateError(f"channel {channel.channel_number} is closed")


def _around(data: bytes, tag: int, body: bytes) -> tuple[bytes, bytes]:
    """What is before the number of the message at the beginning of ``data``, and between that and its body.

    Nothing if it is not all there, or not this message.
    """
    at, bounds = 0, []
    for kind in (_METHOD, _HEADER, _BODY):
        if len(data) < at + _FRAME.size or data[at] != kind:
            return b"", b""
        at += _FRAME.size + _FRAME.unpack_from(data, at)[2] + 1
        bounds.append(at)
    # After frame and method there is the name of the consumer, with its length before it.
    name_at = _FRAME.size + len(_DELIVER)
    tag_at, body_at = name_at + 1 + data[name_at], at - 1 - len(body)
    is_this = (
        data[_FRAME.size : name_at] == _DELIVER
        and data[tag_at : tag_at + _TAG.size] == _TAG.pack(tag)
        and body_at == bounds[1] + _FRAME.size
        and data[body_at:at] == body + _END
    )
    return (data[:tag_at], data[tag_at + _TAG.size : body_at]) if is_this else (b"", b"")
