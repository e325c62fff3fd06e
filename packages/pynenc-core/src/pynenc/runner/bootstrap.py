"""What a child process is told: which app, who it is, how much it runs. Goes through its life line."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pynenc.values.app_ref import AppRef
from pynenc.values.runners import RunnerIdentity


@dataclass(frozen=True, slots=True)
class ChildProgram:
    """How a process of this app is started; the app gives it to its runner."""

    #: Arguments after the interpreter.
    arguments: Sequence[str]
    #: Where the app is, with what was assigned to it until now.
    app_ref: Callable[[], AppRef]
    #: What the app was made with: settings, and the file that has more of them.
    config: tuple[Mapping[str, Any], str | None] = ({}, None)

    def command(self, role: str = "worker") -> list[str]:
        """The command line of a child."""
        return [sys.executable, *self.arguments, role]

    def place(self) -> AppPlace:
        """Where a child finds the app."""
        return AppPlace(self.app_ref(), tuple(sys.path))


@dataclass(frozen=True, slots=True)
class AppPlace:
    """Where the app is, and how to import it."""

    app_ref: AppRef
    import_path: tuple[str, ...]

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> AppPlace:
        """Read what ``to_line`` wrote."""
        return cls._of(json.loads(line))

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> AppPlace:
        return cls(AppRef(**values["app_ref"]), tuple(values["import_path"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """How much one worker process takes on."""

    slots: int
    async_slots: int
    grace_seconds: float
    #: After so many invocations, or with so much memory, it ends; 0 is never.
    max_invocations: int = 0
    max_memory_mb: int = 0
    #: How often it looks at its memory, and tells how busy it is.
    look_seconds: float = 1.0
    #: Whether one that waits asks its supervisor for a place before it goes on.
    asks_for_places: bool = False
    #: Whether one that waits runs what it waits for.
    helps: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildTask:
    """The first line that a worker reads."""

    place: AppPlace
    identity: RunnerIdentity
    workload: Workload
    #: File descriptor on which a process that was not forked reports to its supervisor.
    report_fd: int

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> ChildTask:
        """Read what ``to_line`` wrote."""
        values: dict[str, Any] = json.loads(line)
        return cls(
            place=AppPlace._of(values["place"]),
            identity=RunnerIdentity(**values["identity"]),
            workload=Workload(**values["workload"]),
            report_fd=values["report_fd"],
        )


class LineReader:
    """Lines of a file descriptor. Holds no lock while it waits, so that a fork finds none taken."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._buffer = b""

    def read(self) -> str:
        """The next line with its end; empty when there are no more."""
        while b"\n" not in self._buffer:
            more = os.read(self.fd, 65536)
            if not more:
                return ""
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode() + "\n"


class Reporter:
    """Tells the supervisor, one line of JSON at a time; says nothing when nobody listens any more."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._lock = threading.Lock()

    def send(self, **report: Any) -> None:
        """Write one report."""
        with self._lock:
            try:
                os.write(self.fd, (json.dumps(report) + "\n").encode())
            except OSError:
                return


def take_life_line() -> LineReader:
    """Move standard input out of the way of tasks, which find an empty one; returns what it was."""
    fd = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return LineReader(fd)
