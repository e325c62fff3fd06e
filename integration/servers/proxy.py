"""A network in between that can be watched, cut and healed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from integration.servers.process import free_port


class Proxy:
    """Passes bytes between clients and one server.

    Args:
        port: Where the server listens.
        on_sent: Called with the number of the connection and what its client sends, before that is passed on.
    """

    def __init__(self, port: int, on_sent: Callable[[int, bytes], None] | None = None) -> None:
        self._target = port
        self._on_sent = on_sent
        self._open = threading.Event()
        self._open.set()
        self._answers = threading.Event()
        self._answers.set()
        self._sockets: list[socket.socket] = []
        #: Connections that were accepted so far.
        self.accepted = 0
        self.port = free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """From now on nothing passes in any direction, and no end hears of it."""
        self._open.clear()

    def heal(self) -> None:
        """Let everything pass again that is sent from now on."""
        self._open.set()

    @contextlib.contextmanager
    def answers_held(self) -> Iterator[None]:
        """Keep what servers say until the block is left; what clients say passes."""
        self._answers.clear()
        try:
            yield
        finally:
            self._answers.set()

    def close(self) -> None:
        """End everything."""
        self._open.set()
        self._answers.set()
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                number, self.accepted = self.accepted, self.accepted + 1
                self._open.wait()
                server = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                if self._listener.fileno() < 0:
                    return
                continue
            server.settimeout(None)
            self._sockets += [client, server]
            threading.Thread(target=self._pass, args=(client, server, number), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, None), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, number: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if number is None:
                    self._answers.wait()
                if not self._open.is_set():
                    continue  # lost
                if number is not None and self._on_sent is not None:
                    self._on_sent(number, data)
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
