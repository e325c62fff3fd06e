"""The life of a worker process, from the moment its app is loaded."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

from pynenc.engine.engine import Engine
from pynenc.exceptions import StoreError
from pynenc.runner.bootstrap import ChildTask
from pynenc.runner.worker import Worker

logger = logging.getLogger(__name__)


def serve(engine: Engine, task: ChildTask) -> int:
    """Run invocations until the supervisor says stop or is gone; returns the exit code.

    Ends the process itself when something still runs after the grace: it is handed back first.
    """
    # The supervisor decides when to stop; a Ctrl-C at the terminal reaches the whole group of processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked since this process was started
    stop = threading.Event()
    orphaned = threading.Event()

    def listen() -> None:
        line = sys.stdin.readline()
        if not line:
            orphaned.set()
        stop.set()
        if line and not sys.stdin.readline():
            orphaned.set()

    worker = Worker(engine, task.identity, task.slots, task.async_slots, end_process=lambda: os._exit(1))
    worker.start()
    threading.Thread(target=listen, name="pynenc-life-line", daemon=True).start()
    stop.wait()
    worker.request_stop()
    # Without a supervisor nobody beats for this process: what it still does would be done twice.
    deadline = time.monotonic() + (0.0 if orphaned.is_set() else task.grace_seconds)
    while not worker.join(min(0.2, max(0.0, deadline - time.monotonic()))):
        if time.monotonic() >= deadline or orphaned.is_set():
            _hand_back(
                worker, "its supervisor died" if orphaned.is_set() else "the grace of its stop was over"
            )
            os._exit(1)
    engine.close()
    return 0


def _hand_back(worker: Worker, reason: str) -> None:
    try:
        worker.hand_back_running(reason)
    except StoreError as error:
        logger.error("could not hand back what still runs (%s): it is recovered by silence", error)
