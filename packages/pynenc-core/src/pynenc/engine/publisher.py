"""Keeps a queue of its own complete: pushes what falls due at its time, and again what the queue lost.

Runs in the runner that holds the lease. Where the record is the queue there is nothing to do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pynenc.engine.components import Components
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId
from pynenc.values.status import AVAILABLE, InvocationStatus

logger = logging.getLogger(__name__)

_BATCH = 1000
#: Under load the store wakes at every change; nothing falls due so precisely that it has to be looked for then.
_SHORTEST_PAUSE_SECONDS = 0.02
_PAUSE_AFTER_ERROR_SECONDS = 1.0


class Publisher:
    """Pushes ids that nobody else will.

    Args:
        components: Of the app.
        leads: Whether this runner holds the lease.
        interval_seconds: How often a runner without the lease looks whether it has it now.
    """

    def __init__(self, components: Components, leads: Callable[[], bool], interval_seconds: float) -> None:
        self._components = components
        self._leads = leads
        self._interval = interval_seconds
        self._missing = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pynenc-publisher", daemon=True)

    def start(self) -> None:
        """Push in the background what falls due."""
        if not self._components.record_is_queue:
            self._thread.start()

    def stop(self) -> None:
        """Stop after the current push."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._components.orchestrator.store.interrupt()
            self._thread.join(5)

    def push_due(self) -> float | None:
        """Push what has fallen due; returns the seconds until the next falls due, None when nothing is delayed."""
        parts = self._components
        while True:
            due = parts.orchestrator.take_due(_BATCH)
            if due.ids:
                parts.broker.push(due.ids)
            if not due.ids or due.next_due_seconds != 0:
                return due.next_due_seconds

    def push_missing(self) -> None:
        """Push again as many of the oldest as the queue lacks, once it lacked them twice in a row.

        What is delivered and not yet decided looks as if it were lacking, but not for long.
        """
        parts = self._components
        if parts.record_is_queue:
            return
        counts = parts.orchestrator.count_by_status()
        # Workflows that sleep fall due as well. Those that wait for something else are too many here, so that now and
        # then something is pushed twice.
        waiting = sum(counts.get(status, 0) for status in (*AVAILABLE, InvocationStatus.PAUSED))
        if waiting:
            waiting -= parts.orchestrator.count_delayed()
        lacking = max(0, waiting - parts.broker.count()) if waiting > 0 else 0
        left, self._missing = min(lacking, self._missing), lacking
        after: InvocationId | None = None
        while left > 0 and not self._stopping.is_set():
            ids = parts.orchestrator.find_available(after, min(left, _BATCH))
            if not ids:
                return
            parts.broker.push(ids)
            left -= len(ids)
            after = ids[-1]

    def _run(self) -> None:
        store = self._components.orchestrator.store
        while not self._stopping.is_set():
            try:
                if not self._leads():
                    self._stopping.wait(self._interval)
                    continue
                marker = store.work_marker()
                due = self.push_due()
                self._stopping.wait(_SHORTEST_PAUSE_SECONDS)
                store.wait_for_work(marker, self._interval if due is None else min(due, self._interval))
            except StoreError as error:
                logger.warning("what falls due could not be queued (%s), trying again in a second", error)
                self._stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
            except Exception:  # boundary: what falls due later must not depend on this one
                logger.exception("what falls due could not be queued, trying again in a second")
                self._stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
