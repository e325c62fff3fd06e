"""What stores keep about runners and their workers."""

from __future__ import annotations

from dataclasses import dataclass, field

from pynenc.values.ids import RunnerId

#: A runner that was silent for so many intervals is late.
LATE_BEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerIdentity:
    """Who a runner, supervisor or worker is; fixed for its life."""

    runner_id: RunnerId
    #: Class name, for example ``ThreadRunner``; a worker carries its runner's class and ``Worker``.
    runner_cls: str
    host: str
    pid: int
    #: The supervisor of a worker.
    parent_id: RunnerId | None = None
    #: How many invocations it runs at a time, those of ``async def`` tasks not counted; 0 of one that runs none itself.
    slots: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerRecord:
    """One runner as the store knows it; kept after its death until retention removes it."""

    identity: RunnerIdentity
    started_at: float
    #: Grows with each heartbeat. Readers judge silence by seeing no growth, never by comparing clocks.
    beats: int
    last_beat_at: float
    stopped_at: float | None = None
    #: ``clean``, ``lost`` or ``killed``.
    stop_reason: str = ""
    #: Whether it was asked to take nothing more, and to end once it has finished what it has.
    drains: bool = False


#: The lease of the runner that puts right what dead ones left behind, and publishes what falls due.
SWEEPER_LEASE = "sweeper"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who had a lease last. Nobody has it once its time has come."""

    holder: str
    until: float


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """Take or renew the right to be the only one who does something."""

    name: str
    holder: RunnerId
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One write that says that runners live, and renews a lease with it."""

    #: Rows to create or refresh; the runner itself before its workers.
    alive: tuple[RunnerIdentity, ...] = ()
    #: Runners that ended: (id, reason).
    stopped: tuple[tuple[RunnerId, str], ...] = ()
    lease: LeaseRequest | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatAnswer:
    """What a beat is told."""

    #: Whether the lease asked for is held.
    leads: bool = False
    #: Whether the first one of those that live was asked to take nothing more.
    drains: bool = False
