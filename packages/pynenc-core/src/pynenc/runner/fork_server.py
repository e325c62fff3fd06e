"""The fork server: a process that has imported the app, and forks one worker for each request.

It has one thread and opens no store, so that forking is safe; starting a worker costs milliseconds.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import selectors
import signal
import socket
import subprocess
import threading
import time

from pynenc.exceptions import RunnerError
from pynenc.runner.bootstrap import ChildProgram, LineReader, Reporter
from pynenc.runner.child_process import sigint_blocked

logger = logging.getLogger(__name__)

#: Workers notice by themselves that their supervisor is gone; those that do not within so many seconds are killed.
_ORPHAN_SECONDS = 3.0
_READY_LOOK_SECONDS = 0.2


class ForkServer:
    """The runner's end.

    Args:
        program: How a process of the app is started.
        stop: While a server starts, this is looked at.
    """

    def __init__(self, program: ChildProgram, stop: threading.Event) -> None:
        self._program = program
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        #: Threads that importing the app started; with any, nothing can be forked.
        self.threads: list[str] = []

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start the server and wait until the app is imported, or a stop is asked for.

        Raises:
            RunnerError: it could not begin.
        """
        ours, theirs = socket.socketpair()
        with theirs, sigint_blocked():
            self._process = subprocess.Popen(self._program.command("fork-server"), stdin=theirs.fileno())
        self._socket = ours
        ours.sendall(self._program.place().to_line().encode())
        answer = self._hear(ours)
        if answer.startswith("error "):
            raise RunnerError(f"the fork server could not begin: {answer.removeprefix('error ')}")
        self.threads = answer.split()[1:]

    def launch(self, life_line: int, reports: int) -> None:
        """Fork a worker with these pipes; a server that died is replaced."""
        if self._process is None or self._process.poll() is not None:
            logger.warning("the fork server died, another one is started")
            self.close()
            self.start()
        assert self._socket is not None
        socket.send_fds(self._socket, [b"f"], [life_line, reports])

    def close(self) -> None:
        """End the server; it ends what it forked."""
        if self._socket is not None:
            self._socket.close()
        if self._process is None:
            return
        try:
            self._process.wait(_ORPHAN_SECONDS + 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _hear(self, ours: socket.socket) -> str:
        ours.settimeout(_READY_LOOK_SECONDS)
        heard = b""
        while not heard.endswith(b"\n") and not self._stop.is_set():
            try:
                more = ours.recv(65536)
            except TimeoutError:
                continue
            if not more:
                raise RunnerError("the fork server ended before it had imported the app")
            heard += more
        ours.settimeout(None)
        return heard.decode()


class Forker:
    """The server's end.

    Args:
        connection: The socket to the runner.
    """

    def __init__(self, connection: int) -> None:
        self._socket = socket.socket(fileno=connection)
        self._children: dict[int, Reporter] = {}

    def refuse(self, error: str) -> None:
        """Say why nothing can be forked."""
        self._say(f"error {' '.join(error.split())}")

    def serve(self) -> tuple[LineReader, Reporter] | None:
        """Fork on request, until the runner is gone; returns in each worker with its pipes, and here with None."""
        threads = [
            t.name.replace(" ", "_") for t in threading.enumerate() if t is not threading.current_thread()
        ]
        self._say(" ".join(["ready", *threads]))
        if threads:
            return None
        gc.collect()
        gc.freeze()  # what all have in common is not touched by the collector, so that it stays shared
        wake, waker = os.pipe()
        for fd in (wake, waker):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            selector.register(self._socket, selectors.EVENT_READ)
            pipes = self._answer(selector, wake)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in (wake, waker):
            os.close(fd)
        self._socket.close()
        return pipes

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # a runner that is gone already is noticed when it is heard
            self._socket.sendall((line + "\n").encode())

    def _answer(self, selector: selectors.BaseSelector, wake: int) -> tuple[LineReader, Reporter] | None:
        deadline: float | None = None
        while deadline is None or self._children:
            ready = selector.select(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if any(key.fileobj == wake for key, _ in ready):
                os.read(wake, 4096)
                self._reap()
            if any(key.fileobj is self._socket for key, _ in ready):
                data, fds, _, _ = socket.recv_fds(self._socket, 1, 2)
                if not data:
                    selector.unregister(self._socket)
                    deadline = time.monotonic() + _ORPHAN_SECONDS
                elif (pipes := self._fork(*fds)) is not None:
                    return pipes
            if deadline is not None and time.monotonic() >= deadline:
                self._kill_all()
        return None

    def _fork(self, life_line: int, reports: int) -> tuple[LineReader, Reporter] | None:
        reporter = Reporter(reports)
        try:
            pid = os.fork()
        except OSError as error:
            reporter.send(error=f"no process could be forked: {error}")
            reporter.send(exited=1)
            os.close(reports)
        else:
            if pid == 0:
                for other in self._children.values():
                    os.close(other.fd)
                for fd in (life_line, reports):
                    os.set_inheritable(fd, False)
                return LineReader(life_line), reporter
            reporter.send(pid=pid)
            self._children[pid] = reporter
        os.close(life_line)
        return None

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                reporter = self._children.pop(pid)
                reporter.send(exited=os.waitstatus_to_exitcode(status))
                os.close(reporter.fd)

    def _kill_all(self) -> None:
        for pid in list(self._children):
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            reporter = self._children.pop(pid)
            reporter.send(exited=os.waitstatus_to_exitcode(status))
            os.close(reporter.fd)
