"""The understudy: a small process that says that a runner lives while the runner's own code cannot.

A task that holds the interpreter keeps every thread of its process from running, the heartbeat included. The
understudy hears of each beat, and beats in its stead when none came, as long as the system reports the process as
alive and not stopped. It ends with it.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.engine.engine import Engine
from pynenc.engine.heartbeat import Heartbeat
from pynenc.exceptions import StoreError
from pynenc.runner.bootstrap import AppPlace, ChildProgram, LineReader
from pynenc.runner.child_process import sigint_blocked
from pynenc.runner.process_state import is_running
from pynenc.values.runners import Beat, RunnerIdentity

logger = logging.getLogger(__name__)

_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstudyTask:
    """The first line that an understudy reads. It makes an app of the same settings, without the tasks."""

    place: AppPlace
    config_values: Mapping[str, Any]
    config_filepath: str | None
    identity: RunnerIdentity
    interval_seconds: float

    def to_line(self) -> str:
        """One line of JSON.

        Raises:
            TypeError: a setting cannot be written so.
        """
        return json.dumps(asdict(self), default=_plain) + "\n"

    @classmethod
    def from_line(cls, line: str) -> UnderstudyTask:
        """Read what ``to_line`` wrote."""
        values = json.loads(line)
        values["place"] = AppPlace.from_line(json.dumps(values["place"]))
        values["identity"] = RunnerIdentity(**values["identity"])
        return cls(**values)


def play(orchestrator: BaseOrchestrator, task: UnderstudyTask, life_line: LineReader) -> int:
    """Beat for the runner whenever it does not, until it is gone; returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with its runner, which decides when to stop
    _open(orchestrator)
    runner = task.identity.pid
    silence_seconds = 1.5 * task.interval_seconds
    next_beat = time.monotonic() + silence_seconds
    while True:
        heard, _, _ = select.select([life_line.fd], [], [], max(0.0, next_beat - time.monotonic()))
        if heard:
            if not os.read(life_line.fd, 4096):
                return 0
            next_beat = time.monotonic() + silence_seconds
            continue
        if os.getppid() != runner:
            return 0  # a fork that it left behind may hold the life line
        next_beat = time.monotonic() + task.interval_seconds
        if is_running(runner):
            try:
                orchestrator.beat(Beat(alive=(task.identity,)))
            except StoreError as error:
                logger.warning("heartbeat of the understudy failed (%s); it goes on", error)


def _open(orchestrator: BaseOrchestrator) -> None:
    """Have the connection ready when it is needed."""
    try:
        orchestrator.list_runners()
    except StoreError as error:
        logger.warning("the understudy cannot reach the store yet (%s)", error)


class AttendedHeartbeat(Heartbeat):
    """A heartbeat of one runner with an understudy."""

    def __init__(self, engine: Engine, identity: RunnerIdentity, program: ChildProgram) -> None:
        conf = engine.components.conf
        super().__init__(
            engine.orchestrator, lambda: (identity,), conf.heartbeat_interval_seconds, conf.lease_seconds
        )
        self._identity = identity
        self._program = program
        self._interval_seconds = conf.heartbeat_interval_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Beat once, have the understudy come, then go on in the background."""
        super().start()
        values, filepath = self._program.config
        task = UnderstudyTask(
            place=self._program.place(),
            config_values=values,
            config_filepath=filepath,
            identity=self._identity,
            interval_seconds=self._interval_seconds,
        )
        try:
            line = task.to_line().encode()
            with sigint_blocked():
                process = subprocess.Popen(
                    self._program.command("understudy"), stdin=subprocess.PIPE, bufsize=0
                )
        except (TypeError, OSError) as error:
            logger.warning(
                "no process can beat for this runner (%s): while a task holds the interpreter, the runner "
                "may be taken for dead",
                error,
            )
            return
        assert process.stdin is not None
        process.stdin.write(line)
        os.set_blocking(process.stdin.fileno(), False)  # an understudy that hangs must not hold up the beats
        self._process = process

    def beat(self) -> None:
        """One beat now, of which the understudy hears."""
        super().beat()
        self._tell()

    def stop(self, reason: str) -> None:
        """Stop beating, the understudy first, and mark the runner as stopped."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        super().stop(reason)

    def _tell(self) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(b".")
        except (OSError, ValueError):
            logger.debug("the understudy is gone")


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"a setting of type {type(value).__name__} cannot be told to another process")
