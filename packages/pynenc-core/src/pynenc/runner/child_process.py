"""Start, watch and end one child process."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pynenc.runner.bootstrap import ChildProgram, ChildTask
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)


class ChildProcess:
    """One worker process.

    Its standard input is the life line: when it closes, the supervisor asked or died, and the child stops.

    Args:
        program: How to start it.
        identity: Who it will be.
        slots, async_slots, grace_seconds: What it is told about its work.
        on_end: Called from a thread of this object once the process is gone.
    """

    def __init__(
        self,
        program: ChildProgram,
        identity: RunnerIdentity,
        on_end: Callable[[ChildProcess], None],
        *,
        slots: int,
        async_slots: int,
        grace_seconds: float,
    ) -> None:
        self._on_end = on_end
        self.ready = threading.Event()
        self.ended = threading.Event()
        #: Why it could not begin, in its own words.
        self.error: str | None = None
        read_fd, write_fd = os.pipe()
        # A Ctrl-C goes to every process of the terminal, and a child that is only importing could not but die
        # of it with a traceback: it is born with the signal blocked, until it can ignore it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                program.command(), stdin=subprocess.PIPE, pass_fds=(write_fd,), close_fds=True
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(write_fd)
        #: Who it is, with its process id.
        self.identity = replace(identity, pid=self._process.pid)
        self._task = ChildTask(
            app_ref=program.app_ref(),
            import_path=tuple(sys.path),
            identity=self.identity,
            slots=slots,
            async_slots=async_slots,
            grace_seconds=grace_seconds,
            report_fd=write_fd,
        )
        self._reports = os.fdopen(read_fd, encoding="utf-8")
        self._thread = threading.Thread(target=self._watch, name=f"pynenc-child-{self.pid}", daemon=True)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def begin(self) -> None:
        """Tell the child who it is; its row must exist by now."""
        self._write(self._task.to_line())
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end: nothing more is claimed, what runs may finish within the grace."""
        self._write("stop\n")

    def kill(self) -> None:
        """End it now."""
        if self._process.poll() is None:
            self._process.kill()

    def is_alive(self) -> bool:
        """Whether the system reports it as alive and not stopped; a stopped process must not look alive."""
        if self.ended.is_set() or self._process.poll() is not None:
            return False
        try:
            # The state follows the command's name, which is in parentheses and may contain anything.
            state = (
                Path(f"/proc/{self.pid}/stat")
                .read_text(encoding="utf-8", errors="replace")
                .rpartition(")")[2]
            )
        except OSError:
            return True  # no /proc on this system
        return state.split()[0] not in ("T", "t", "Z", "X")

    def describe_end(self) -> str:
        """How it ended, for people."""
        code = self._process.returncode
        if code is None:
            return "still runs"
        return f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal."""
        return self._process.returncode

    def _watch(self) -> None:
        for line in self._reports:
            self._hear(json.loads(line))
        self._reports.close()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self.ended.set()
        self._on_end(self)

    def _hear(self, report: dict[str, Any]) -> None:
        if "error" in report:
            self.error = str(report["error"])
        else:
            self.ready.set()

    def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            logger.debug("child %d is gone already", self.pid)
