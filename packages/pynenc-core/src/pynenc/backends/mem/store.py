"""One app's data in this process: dictionaries behind one lock."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Condition, Lock

from pynenc.backends.mem.messages import Messages
from pynenc.backends.mem.payloads import ClientData, Payloads
from pynenc.backends.mem.tables import Tables
from pynenc.backends.mem.trigger_tables import TriggerTables
from pynenc.contracts.store import BaseStore, OnReady
from pynenc.contracts.watches import Reports, Watch, Watches
from pynenc.values.capabilities import Capabilities
from pynenc.values.clock import Clock
from pynenc.values.findings import Size
from pynenc.values.ids import InvocationId


class MemStore(BaseStore):
    """Holds what the components of one app object share; it ends with the process.

    Every operation of a component runs as a whole under ``lock``, and nobody is called back while it is held.
    """

    capabilities = Capabilities(durable=False, multi_process=False, push=True)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lock = Lock()
        # All of these are guarded by self.lock.
        #: How many operations changed invocations.
        self.changes = 0
        self.watches = Watches()
        self.tables = Tables(self.watches)
        self.messages = Messages()
        self.payloads = Payloads()
        self.client_data = ClientData()
        self.triggers = TriggerTables()
        self._work = Condition(self.lock)
        self._marker = 0
        self._occurred = Condition(self.lock)
        self._occurrence_marker = 0

    def now(self) -> float:
        """Seconds since 1970 by the injected clock."""
        return self._clock.now()

    def work_marker(self) -> int:
        """How much work has arrived so far."""
        return self._marker

    def wait_for_work(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the count of arrived work is not ``marker``."""
        with self._work:
            return self._work.wait_for(lambda: self._marker != marker, timeout_seconds)

    def announce_work(self, pieces: int) -> None:
        """Wake one waiting thread per piece; called with the lock held."""
        self._marker += pieces
        self._work.notify(pieces)

    def occurrence_marker(self) -> int:
        """How often occurrences were recorded so far."""
        return self._occurrence_marker

    def wait_for_occurrences(self, marker: int, timeout_seconds: float) -> bool:
        """Block until the count is not ``marker``."""
        with self._occurred:
            return self._occurred.wait_for(lambda: self._occurrence_marker != marker, timeout_seconds)

    def announce_occurrences(self) -> None:
        """Wake those who react; called with the lock held."""
        self._occurrence_marker += 1
        self._occurred.notify_all()

    def settle(self) -> Reports:
        """Wake workers for what became claimable; returns the reports to deliver after the lock is released.

        The last step of every operation that changes invocations; called with the lock held.
        """
        self.changes += 1
        if self.tables.new_work:
            self.announce_work(self.tables.new_work)
            self.tables.new_work = 0
        if self.tables.occurred:
            self.announce_occurrences()
            self.tables.occurred = False
        return self.watches.take_reports()

    def clear_invocations(self) -> None:
        """Forget everything of the orchestrator; subscriptions stay. Called with the lock held."""
        self.tables = Tables(self.watches)

    def interrupt(self) -> None:
        """Let every waiting thread look again, also those that are about to wait."""
        with self._work:
            self._marker += 1
            self._work.notify_all()
            self.announce_occurrences()

    def watch(self, on_ready: OnReady) -> Watch:
        """Open a subscription; it reports from the thread whose operation made the invocation final."""
        return Watch(self, on_ready)

    def subscribe(self, watch: Watch, ids: Iterable[InvocationId], available: bool) -> None:
        """Note interests; what is final already is reported at once."""
        with self.lock:
            known = {one: self.tables.is_final(one) for one in ids}
            self.watches.add(watch, (one for one, final in known.items() if not final), available)
        if final := [one for one, is_final in known.items() if is_final]:
            watch.report(final)

    def unsubscribe(self, watch: Watch, ids: Iterable[InvocationId] | None) -> None:
        """Forget interests; all of a subscription without ids."""
        with self.lock:
            self.watches.discard(watch, ids)

    def measure(self) -> list[Size]:
        """What is in the dictionaries."""
        with self.lock:
            return [
                Size("invocations", len(self.tables.records)),
                Size("payloads", len(self.payloads.by_invocation)),
                Size("client data", len(self.client_data)),
                Size("trigger runs", len(self.triggers.runs)),
                Size("runners", len(self.tables.runners.rows)),
            ]

    def close(self) -> None:
        """Let waiting threads return; there is nothing to release."""
        self.interrupt()
