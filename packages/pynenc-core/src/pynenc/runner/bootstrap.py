"""What a child process is told: which app, who it is, how much it runs. Goes through its standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
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

    def command(self) -> list[str]:
        """The command line of a child."""
        return [sys.executable, *self.arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildTask:
    """The first line that a child reads."""

    app_ref: AppRef
    import_path: tuple[str, ...]
    identity: RunnerIdentity
    slots: int
    async_slots: int
    grace_seconds: float
    #: File descriptor on which the child reports to its supervisor.
    report_fd: int

    def to_line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> ChildTask:
        """Read what ``to_line`` wrote."""
        values: dict[str, Any] = json.loads(line)
        values["app_ref"] = AppRef(**values["app_ref"])
        values["identity"] = RunnerIdentity(**values["identity"])
        values["import_path"] = tuple(values["import_path"])
        return cls(**values)
