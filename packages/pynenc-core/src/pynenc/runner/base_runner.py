"""What every runner does: start, serve until told to stop, and end in order."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import threading
import uuid
from abc import ABC, abstractmethod
from types import FrameType
from typing import ClassVar

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_runner import ConfigRunner
from pynenc.engine.engine import Engine
from pynenc.engine.heartbeat import Heartbeat
from pynenc.engine.sweeper import Sweeper
from pynenc.exceptions import ConfigError, RunnerError, RunnerNotExecutableError, StoreUnavailableError
from pynenc.runner.bootstrap import ChildProgram
from pynenc.runner.signals import stop_on_signal
from pynenc.values.ids import RunnerId
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)


class BaseRunner(ABC):
    """Executes invocations of one app. May run again after it stopped.

    Args:
        engine: The rules and the stores.
        conf: Settings of this runner, an instance of ``config_cls``.
        child_program: How a process of this app is started.
    """

    config_cls: ClassVar[type[ConfigBase]] = ConfigRunner

    def __init__(self, engine: Engine, conf: ConfigBase, child_program: ChildProgram) -> None:
        self._engine = engine
        self.conf = conf
        self._child_program = child_program
        self._stop = threading.Event()
        self._stopped = threading.Event()
        self._stopped.set()
        self._life = threading.Lock()
        self.identity = self._new_identity()

    @staticmethod
    def mem_compatible() -> bool:
        """Whether it works with stores that live in one process's memory."""
        return False

    @property
    def runner_id(self) -> RunnerId:
        """Identity of the present or latest run."""
        return self.identity.runner_id

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return not self._stopped.is_set()

    def run(self, *, owns_process: bool = False) -> None:
        """Execute invocations until ``stop_runner_loop`` or a signal; blocks.

        Args:
            owns_process: The process exists only for this runner, so it may be ended when what runs does
                not stop within the grace, or on a second signal.

        Raises:
            RunnerError: it runs already, or cannot work with the app's stores.
            ConfigError: a module of ``trigger_task_modules`` cannot be imported, or its triggers cannot work here.
        """
        if not self._life.acquire(blocking=False):
            raise RunnerError(f"runner '{self.runner_id}' runs already")
        try:
            self._check_stores()
            self._check_queue()
            self._import_trigger_modules()
            self._engine.check_triggers()
            self.identity = self._new_identity()
            self._stop.clear()
            self._stopped.clear()
            with stop_on_signal(self._stop.set, lambda: self._on_second_signal(owns_process)):
                self._serve(owns_process)
        finally:
            self._stopped.set()
            self._life.release()

    def stop_runner_loop(self, signum: int | None = None, frame: FrameType | None = None) -> None:
        """Ask the runner to stop; returns at once. Usable as a signal handler and from any thread."""
        self._stop.set()

    def wait_until_stopped(self, timeout: float = 2.0) -> bool:
        """Wait for the end of ``run``; False after ``timeout`` seconds."""
        return self._stopped.wait(timeout)

    @abstractmethod
    def _serve(self, owns_process: bool) -> None:
        """Work until ``self._stop`` is set, then end in order."""

    def _on_second_signal(self, owns_process: bool) -> None:
        # In somebody else's process the next signal does what it does without us.
        if owns_process:
            self._kill()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL if number is signal.SIGTERM else signal.default_int_handler)

    def _kill(self) -> None:
        """End the process now; what it holds is recovered by its silence."""
        os._exit(130)

    def _new_identity(self) -> RunnerIdentity:
        return RunnerIdentity(
            runner_id=RunnerId(str(uuid.uuid4())),
            runner_cls=type(self).__name__,
            host=socket.gethostname(),
            pid=os.getpid(),
        )

    def _check_stores(self) -> None:
        for store in self._engine.components.work_stores():
            if not store.capabilities.multi_process and not self.mem_compatible():
                raise ConfigError(
                    f"{type(self).__name__} starts processes, which cannot see the memory of this one: "
                    "use ThreadRunner, or keep the app's data in an SQLite file (PynencBuilder().sqlite(...))"
                )

    def _check_queue(self) -> None:
        """With a queue of its own: refuse to start where it can never work; one that is away may come back."""
        parts = self._engine.components
        if parts.record_is_queue:
            return
        try:
            parts.broker.count()
        except StoreUnavailableError as error:
            logger.warning("starting without the queue (%s): nothing new is taken until it is there", error)

    def _import_trigger_modules(self) -> None:
        for name in sorted(self._engine.components.conf.trigger_task_modules):
            try:
                importlib.import_module(name)
            except Exception as error:
                raise ConfigError(
                    f"importing '{name}' of trigger_task_modules raised {type(error).__name__}: {error}"
                ) from error

    def _sweeper(self, heartbeat: Heartbeat) -> Sweeper:
        diary = self._engine.diary(self.runner_id, lambda: heartbeat.leads, self.conf)
        return Sweeper(self._engine.components, heartbeat, self._engine.recovery, diary.note)


class DummyRunner(BaseRunner):
    """The runner of programs that only call tasks: executes nothing."""

    @staticmethod
    def mem_compatible() -> bool:
        """It starts no process."""
        return True

    def _serve(self, owns_process: bool) -> None:
        raise RunnerNotExecutableError(
            "DummyRunner executes nothing: set runner_cls, for example with PynencBuilder().thread_runner()"
        )
