"""The life of a worker process, from the moment its app is loaded."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from types import FrameType

from pynenc.engine.engine import Engine
from pynenc.exceptions import PynencError, StoreError
from pynenc.runner.bootstrap import ChildTask, LineReader, Reporter
from pynenc.runner.places import SupervisedPlace
from pynenc.runner.process_state import resident_mb
from pynenc.runner.worker import Worker

logger = logging.getLogger(__name__)

#: Longer than any process lives; the primitives of threading take no larger numbers.
_FOREVER_SECONDS = 1e9


def work(engine: Engine, task: ChildTask, orders: LineReader, reporter: Reporter) -> int:
    """Say whether the stores can be reached, then serve; returns the exit code."""
    try:
        engine.orchestrator.count_by_status()
    except PynencError as error:
        reporter.send(error=str(error))
        return 1
    reporter.send(ready=True)
    return _Service(engine, task, orders, reporter).run()


def leave_signals_to_the_supervisor() -> None:
    """It decides when to stop; a Ctrl-C at the terminal reaches the whole group of processes."""
    # A handler that does nothing, because a signal that is ignored stays so in programs that a task starts.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _do_nothing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked since this process was started


def _do_nothing(_signum: int, _frame: FrameType | None) -> None:
    """The supervisor decides."""


class _Service:
    """One worker, and what its supervisor says to it.

    Ends the process itself when something still runs after the grace: it is handed back first.
    """

    def __init__(self, engine: Engine, task: ChildTask, orders: LineReader, reporter: Reporter) -> None:
        load = task.workload
        self._engine = engine
        self._load = load
        self._orders = orders
        self._reporter = reporter
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._stop = self._retire = self._orphaned = False
        self._told: tuple[int, int, int] | None = None
        self._joining = self._forked = False
        self._place = SupervisedPlace(reporter) if load.asks_for_places else None
        end_process = lambda: os._exit(1)  # noqa: E731  # a partial would be typed as never returning
        self._worker = Worker(engine, task.identity, load.slots, load.async_slots, end_process)
        self._worker.helps = load.helps
        self._worker.max_invocations = load.max_invocations
        self._worker.on_first = lambda: reporter.send(began=True)
        self._worker.on_drain = self._on_drain
        if self._place is not None:
            self._worker.ask_for_places(self._place)

    def run(self) -> int:
        """Serve until told to stop, or worn out and done; returns the exit code."""
        leave_signals_to_the_supervisor()
        os.register_at_fork(after_in_child=self._become_ordinary)
        self._worker.start()
        threading.Thread(target=self._listen, name="pynenc-life-line", daemon=True).start()
        deadline: float | None = None
        while not self._ended.is_set():
            self._woken.wait(
                self._load.look_seconds if deadline is None else max(0.0, deadline - time.monotonic())
            )
            self._woken.clear()
            if self._stop and deadline is None:
                # Without a supervisor nobody beats for this process: what it still does would be done twice.
                deadline = time.monotonic() + (0.0 if self._orphaned else self._load.grace_seconds)
                self._worker.request_stop()
                self._join()
            elif deadline is None:
                self._look()
            if self._orphaned or (deadline is not None and time.monotonic() >= deadline):
                self._give_up()
        self._engine.close()
        self._reporter.send(done=True)
        return 0

    def _listen(self) -> None:
        while True:
            line = self._orders.read().strip()
            if line == "place":
                assert self._place is not None
                self._place.grant()
                continue
            self._orphaned = self._orphaned or not line
            self._retire = self._retire or line == "retire"
            if line != "retire":
                self._stop = True
                if self._place is not None:
                    self._place.release_all()
            self._woken.set()
            if not line:
                return

    def _look(self) -> None:
        limit = self._load.max_memory_mb
        if not self._worker.draining and (self._retire or (limit and resident_mb() > limit)):
            self._worker.drain()
        if self._worker.draining:
            self._join()
        load = self._worker.load()
        if load != self._told:
            self._told = load
            self._reporter.send(load=load)

    def _on_drain(self) -> None:
        self._reporter.send(draining=True)
        self._woken.set()

    def _join(self) -> None:
        """Learn when everything is done."""
        if not self._joining:
            self._joining = True
            threading.Thread(target=self._await_end, name="pynenc-end", daemon=True).start()

    def _await_end(self) -> None:
        if self._worker.join(_FOREVER_SECONDS):
            self._ended.set()
            self._woken.set()

    def _give_up(self) -> None:
        """Hand back what still runs, and end with it; a moment is left to what just ends."""
        if self._ended.wait(0.0 if not self._orphaned else 0.05):
            return
        reason = "its supervisor died" if self._orphaned else "the grace of its stop was over"
        try:
            self._worker.hand_back_running(reason)
        except StoreError as error:
            logger.error("could not hand back what still runs (%s): it is recovered by silence", error)
        os._exit(1)

    def _become_ordinary(self) -> None:
        """A fork that a task makes is no worker: signals end it, and it does not keep this one's pipes open."""
        if self._forked:
            return  # a fork of a fork: the numbers of the pipes may belong to something else by now
        self._forked = True
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        for fd in (self._orders.fd, self._reporter.fd):
            with contextlib.suppress(OSError):
                os.close(fd)
