"""The heartbeat of a runner and its workers: one write per interval, which also renews the lease."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.exceptions import CommitUnknownError, StoreError
from pynenc.values.runners import SWEEPER_LEASE, Beat, LeaseRequest, RunnerIdentity

logger = logging.getLogger(__name__)

#: Until the first beat is repeated whose reply was lost.
_AGAIN_SECONDS = 0.05


def _nothing() -> None:
    """What is called when nobody asked to be told."""


class Heartbeat:
    """Says that runners live, from a thread of its own.

    Args:
        orchestrator: Where the rows are.
        identities: Who lives now; the first is the runner, which holds the lease and may be asked to drain.
        interval_seconds: Time between two beats.
        lease_seconds: How long a lease lasts without renewal.
    """

    def __init__(
        self,
        orchestrator: BaseOrchestrator,
        identities: Callable[[], Sequence[RunnerIdentity]],
        interval_seconds: float,
        lease_seconds: float,
    ) -> None:
        self._orchestrator = orchestrator
        self._identities = identities
        self._interval = interval_seconds
        self._lease_seconds = lease_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pynenc-heartbeat", daemon=True)
        self._leads_until = 0.0
        self._drains = False
        #: Called once when somebody asked the runner to take nothing more.
        self.on_drain: Callable[[], None] = _nothing
        #: Grows when a beat failed: whoever counts silence starts anew.
        self.interruptions = 0

    def start(self) -> None:
        """Beat once, so that the rows exist, then go on in the background.

        Raises:
            StoreError: the store cannot be reached.
        """
        while not self._has_begun():
            self._stopping.wait(_AGAIN_SECONDS)
        self._thread.start()

    def _has_begun(self) -> bool:
        try:
            self.beat()
        except CommitUnknownError as error:
            # The store is there, and a beat may be repeated: nobody need give up because a connection broke.
            logger.warning("the reply to the first heartbeat was lost (%s), beating again", error)
            return False
        return True

    def stop(self, reason: str) -> None:
        """Stop beating and mark every identity as stopped."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(self._interval + 5)
        try:
            self.mark_stopped([(identity.runner_id, reason) for identity in self._identities()])
        except StoreError as error:
            logger.warning(
                "could not record the end of this runner (%s); others will notice its silence", error
            )

    @property
    def leads(self) -> bool:
        """Whether this runner is the one that sweeps."""
        return time.monotonic() < self._leads_until

    def beat(self) -> None:
        """One beat now."""
        asked_at = time.monotonic()
        identities = tuple(self._identities())
        lease = LeaseRequest(SWEEPER_LEASE, identities[0].runner_id, self._lease_seconds)
        answer = self._orchestrator.beat(Beat(alive=identities, lease=lease))
        # Counted from before the request, so that it ends here before it ends in the store.
        self._leads_until = asked_at + self._lease_seconds if answer.leads else 0.0
        if answer.drains and not self._drains:
            self._drains = True
            logger.info(
                "runner:%s was asked to take nothing more: it ends when it has finished what it has",
                identities[0].runner_id,
            )
            self.on_drain()

    def mark_stopped(self, stopped: Sequence[tuple[str, str]]) -> None:
        """Record the end of runners: (id, reason)."""
        self._orchestrator.beat(Beat(stopped=tuple(stopped)))  # type: ignore[arg-type]  # ids are text

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            try:
                self.beat()
            except StoreError as error:
                self.interruptions += 1
                self._leads_until = 0.0
                logger.warning("heartbeat failed (%s); it goes on", error)
            except Exception:  # boundary: the heartbeat must not die
                self.interruptions += 1
                logger.exception("heartbeat failed; it goes on")
