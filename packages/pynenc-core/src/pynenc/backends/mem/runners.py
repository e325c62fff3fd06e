"""Runner rows and leases."""

from __future__ import annotations

from dataclasses import replace

from pynenc.values.ids import RunnerId
from pynenc.values.runners import Lease, LeaseRequest, RunnerIdentity, RunnerRecord


class Runners:
    """The runners of one app, in the order of their first beat."""

    def __init__(self) -> None:
        self.rows: dict[RunnerId, RunnerRecord] = {}
        #: How often one began, was asked to end, or ended.
        self.changes = 0
        self._leases: dict[str, Lease] = {}

    def beat(self, identity: RunnerIdentity, now: float) -> None:
        """Create or refresh a row; one that was marked as stopped lives again."""
        row = self.rows.get(identity.runner_id)
        self.changes += row is None or row.stopped_at is not None
        self.rows[identity.runner_id] = RunnerRecord(
            identity=identity,
            started_at=now if row is None else row.started_at,
            beats=1 if row is None else row.beats + 1,
            last_beat_at=now,
            drains=row is not None and row.drains,
        )

    def stop(self, runner_id: RunnerId, reason: str, now: float) -> None:
        """Mark a runner as ended; unknown ones are ignored."""
        row = self.rows.get(runner_id)
        if row is not None and row.stopped_at is None:
            self.rows[runner_id] = replace(row, stopped_at=now, stop_reason=reason, drains=False)
            self.changes += 1

    def drain(self, runner_id: RunnerId) -> bool:
        """Ask a runner to take nothing more; False if it does not live."""
        row = self.rows.get(runner_id)
        if row is None or row.stopped_at is not None:
            return False
        self.rows[runner_id] = replace(row, drains=True)
        self.changes += not row.drains
        return True

    def is_stopped(self, runner_id: RunnerId) -> bool:
        """Whether a runner is marked as ended."""
        row = self.rows.get(runner_id)
        return row is not None and row.stopped_at is not None

    def lease(self, request: LeaseRequest, now: float) -> bool:
        """Take or renew a lease."""
        held = self._leases.get(request.name)
        if held is not None and held.holder != request.holder and now < held.until:
            return False
        self._leases[request.name] = Lease(request.holder, now + request.seconds)
        return True

    def find_lease(self, name: str) -> Lease | None:
        """Who has a lease, or had it last."""
        return self._leases.get(name)
