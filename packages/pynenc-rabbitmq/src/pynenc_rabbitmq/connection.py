"""The driver's connection, which can also write at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pika


class PromptConnection(pika.SelectConnection):  # type: ignore[misc]  # the driver is not typed
    """Gives a message to the system in one piece, and as soon as that is asked for.

    The driver itself writes each of the three frames of a message by itself, and only in the next turn of its loop.
    It has no public way to do otherwise: what is overridden here is its own, so its version is pinned closely.
    """

    _transport: Any

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        super()._output_marshaled_frames([b"".join(marshaled_frames)])

    def write_now(self) -> bool:
        """Write what waits to be written; False when some of it still does, because the network takes no more."""
        if self._get_write_buffer_size():
            self._transport._on_socket_writable()
        return not self._get_write_buffer_size()
