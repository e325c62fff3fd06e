"""A local server as a process of its own: on a free port, in a folder of its own, ended by its id."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_END_SECONDS = 10.0
_LOG = "server.log"
#: Below those that systems give to outgoing connections: until a server has started, none of these takes its port.
_PORTS = range(12_000, 32_000)
#: Not the one that libraries for tests seed: two processes would choose the same ports.
_random = random.SystemRandom()


def free_port() -> int:
    """A port that nobody uses, and that nobody is given by chance before a server listens on it."""
    while True:
        port = _random.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class ServerEndedError(RuntimeError):
    """A server that ended instead of starting: perhaps somebody has a port of it."""


class ServerProcess:
    """A process that can be started again after it ended.

    Args:
        command: The program and its arguments; it must stay in the foreground.
        folder: Where it runs and logs.
        is_ready: Whether it answers; may raise anything as long as it does not.
        start_seconds: How long it may take until it is ready.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        is_ready: Callable[[], object],
        start_seconds: float = 20.0,
    ) -> None:
        # A killed test run must leave no server behind, where the system can promise that.
        setpriv = shutil.which("setpriv")
        self._command = [*([setpriv, "--pdeathsig", "TERM"] if setpriv else []), *command]
        self._name = Path(command[0]).name
        self._folder = folder
        self._is_ready = is_ready
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "it was not started"
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            ServerEndedError: it ended; the message has the end of its log, as that of any other error here.
            RuntimeError: it is not ready in time.
        """
        with (self._folder / _LOG).open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        pause = threading.Event()
        deadline = time.monotonic() + self._start_seconds
        while not self._answers():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                text = (self._folder / _LOG).read_text(encoding="utf-8", errors="replace")
                what = f"ended with {self._process.returncode}" if ended else "is not ready in time"
                error = ServerEndedError if ended else RuntimeError
                raise error(f"{self._name} {what}: {text[-2000:]}")
            pause.wait(0.02)

    def stop(self) -> None:
        """Ask it to end, then end it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_END_SECONDS)

    def _answers(self) -> bool:
        try:
            return bool(self._is_ready())
        except Exception:
            return False
