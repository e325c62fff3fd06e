"""Start, watch and end one worker process."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Any

from pynenc.runner.bootstrap import AppPlace, ChildTask, Workload
from pynenc.runner.process_state import is_running
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)

#: Makes a process with a life line to read and a pipe for its reports; None when it is not a child of this one.
Launch = Callable[[int, int], subprocess.Popen[bytes] | None]


class Place(Enum):
    """Whether a worker has a place in which to run."""

    HELD = auto()
    #: It waits, and others may have the place.
    GIVEN = auto()
    #: It would go on if it had one.
    WANTED = auto()


def spawn(command: Sequence[str]) -> Launch:
    """Launch processes with a fresh interpreter."""

    def launch(life_line: int, reports: int) -> subprocess.Popen[bytes]:
        with sigint_blocked():
            return subprocess.Popen(command, stdin=life_line, pass_fds=(reports,), close_fds=True)

    return launch


class sigint_blocked:  # noqa: N801  # reads like a function
    """Processes born in this block have SIGINT blocked, until they can handle it.

    A Ctrl-C goes to every process of the terminal, and one that is only importing could not but die of it with
    a traceback.
    """

    def __enter__(self) -> None:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)


class ChildProcess:
    """One worker process.

    Its standard input is the life line: when it closes, the supervisor is gone, and the child stops.

    Args:
        launch: Makes the process.
        place: Where it finds the app.
        identity: Who it will be.
        workload: What it is told about its work.
        on_change: Called from a thread of this object whenever something is to be seen on it.
    """

    def __init__(
        self,
        launch: Launch,
        place: AppPlace,
        identity: RunnerIdentity,
        workload: Workload,
        on_change: Callable[[], None],
    ) -> None:
        self.workload = workload
        self._on_change = on_change
        self.ready = threading.Event()
        self.ended = threading.Event()
        #: Why it could not begin, in its own words.
        self.error: str | None = None
        #: Whether it began an invocation.
        self.began = False
        #: Whether it takes no more work, because it is worn out or was told to retire.
        self.draining = False
        self.place = Place.HELD
        #: Slots that work.
        self.busy_slots = 0
        #: Since when it has had nothing to do; None while it has.
        self.idle_since: float | None = None
        self._begun = 0
        self._done = False
        self._exit_code: int | None = None
        self._orders_lock = threading.Lock()
        life_line, self._orders = os.pipe()
        reports, report_fd = os.pipe()
        try:
            self._process = launch(life_line, report_fd)
        except BaseException:
            for fd in (self._orders, reports):
                os.close(fd)
            raise
        finally:
            os.close(life_line)
            os.close(report_fd)
        #: 0 until a process that was forked elsewhere has said it.
        self.pid = self._process.pid if self._process is not None else 0
        #: Who it is, with its process id where that is its own.
        self.identity = replace(identity, slots=workload.slots, pid=self.pid or identity.pid)
        self._task = ChildTask(place=place, identity=self.identity, workload=workload, report_fd=report_fd)
        self._reports = os.fdopen(reports, encoding="utf-8")
        self._thread = threading.Thread(target=self._watch, name="pynenc-child", daemon=True)

    def begin(self) -> None:
        """Tell the child who it is; its row must exist by now."""
        self._thread.start()
        self._write(self._task.to_line())

    def stop(self) -> None:
        """Ask it to end: nothing more is claimed, what runs may finish within the grace."""
        self._write("stop\n")

    def retire(self) -> None:
        """Ask it to end once it has nothing left to do, however long that takes."""
        if not self.draining:
            self.draining = True
            self._write("retire\n")

    def grant_place(self) -> None:
        """Let it go on."""
        self.place = Place.HELD
        self._write("place\n")

    def kill(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill()
        elif self.pid and not self.ended.is_set():
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                logger.debug("worker %d is gone already", self.pid)

    def is_alive(self) -> bool:
        """Whether the system reports it as alive and not stopped."""
        if self.ended.is_set() or (self._process is not None and self._process.poll() is not None):
            return False
        return not self.pid or is_running(self.pid)

    @property
    def clean(self) -> bool:
        """Whether it ended as it should: it owns nothing any more."""
        return self._done and self._exit_code == 0  # a task may end its process with code 0 as well

    def describe_end(self) -> str:
        """How it ended, for people."""
        code = self._exit_code
        if code is None:
            return "ended" if self.ended.is_set() else "still runs"
        return f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"

    def _watch(self) -> None:
        for line in self._reports:
            self._hear(json.loads(line))
            if self._exit_code is not None:
                break
            self._on_change()
        self._reports.close()
        if self._process is not None:
            self._exit_code = self._process.wait()
        with self._orders_lock:
            self.ended.set()
            os.close(self._orders)
        self._on_change()

    def _hear(self, report: dict[str, Any]) -> None:
        match report:
            case {"pid": pid}:
                self.pid = pid
            case {"exited": code}:
                self._exit_code = code
            case {"error": error}:
                self.error = str(error)
            case {"ready": _}:
                self.idle_since = time.monotonic()
                self.ready.set()
            case {"began": _}:
                self.began = True
            case {"draining": _}:
                self.draining = True
            case {"done": _}:
                self._done = True
            case {"place": place}:
                self.place = Place.GIVEN if place == "given" else Place.WANTED
            case {"load": [busy, under_way, begun]}:
                self._note_load(busy, under_way, begun)

    def _note_load(self, busy: int, under_way: int, begun: int) -> None:
        self.busy_slots = busy
        if under_way:
            self.idle_since = None
        elif self.idle_since is None or begun != self._begun:
            self.idle_since = time.monotonic()
        self._begun = begun

    def _write(self, text: str) -> None:
        with self._orders_lock:
            if self.ended.is_set():
                return
            try:
                os.write(self._orders, text.encode())
            except OSError:
                logger.debug("worker %d is gone already", self.pid)
