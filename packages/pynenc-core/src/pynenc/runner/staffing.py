"""Which workers a runner wants: what differs between the runners that have processes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pynenc.runner.child_process import ChildProcess, Place
from pynenc.runner.scaling import Load, is_full, wanted_workers


@dataclass(frozen=True, slots=True)
class Decision:
    """What to change."""

    #: So many new workers.
    open: int = 0
    #: These end when they have nothing left to do.
    retire: Sequence[ChildProcess] = field(default=())
    #: These get a place.
    grant: Sequence[ChildProcess] = field(default=())


class Staff(ABC):
    """Decides how many workers there are."""

    #: Seconds between two decisions when nothing happens to a worker; None for none.
    interval_seconds: float | None = None
    #: Identities of workers that ended in order are kept for their successors, up to so many.
    kept_identities: int = 0

    @abstractmethod
    def decide(self, children: Sequence[ChildProcess]) -> Decision:
        """What to change, with these workers alive."""


class FixedStaff(Staff):
    """Always the same number. One that drains has its successor already."""

    def __init__(self, size: int) -> None:
        self._size = size

    def decide(self, children: Sequence[ChildProcess]) -> Decision:
        """Replace what is missing."""
        return Decision(open=max(0, self._size - sum(not child.draining for child in children)))


class ScalingStaff(Staff):
    """Grows with the backlog, and shrinks when workers idle.

    Args:
        minimum, maximum: Bounds of the number of workers.
        idle_seconds: How long one idles before it retires.
        interval_seconds: How often the backlog is looked at.
        count_backlog: Reads how much could be claimed now; asked only while every slot works.
    """

    def __init__(
        self,
        minimum: int,
        maximum: int,
        idle_seconds: float,
        interval_seconds: float,
        count_backlog: Callable[[], int],
    ) -> None:
        self.interval_seconds = interval_seconds
        self._minimum = minimum
        self._maximum = maximum
        self._idle_seconds = idle_seconds
        self._count_backlog = count_backlog

    def decide(self, children: Sequence[ChildProcess]) -> Decision:
        """Compare backlog and slots."""
        staff = [child for child in children if not child.draining]
        starting = sum(not child.ready.is_set() for child in staff)
        latest = time.monotonic() - self._idle_seconds
        idle = [child for child in staff if child.idle_since is not None and child.idle_since <= latest]
        load = Load(
            workers=len(staff),
            starting=starting,
            idle_for_long=len(idle),
            busy_slots=sum(child.busy_slots for child in staff),
            slots_per_worker=staff[0].workload.slots if staff else 1,
            backlog=0,
        )
        if len(staff) >= self._minimum and len(staff) < self._maximum and is_full(load):
            load = replace(load, backlog=self._count_backlog())
        wanted = wanted_workers(load, self._minimum, self._maximum)
        return Decision(open=max(0, wanted - len(staff)), retire=idle[: max(0, len(staff) - wanted)])


class OneShotStaff(Staff):
    """Each worker runs one invocation; so many run at once, not counting those that wait.

    Args:
        places: How many run at once.
        spare: How many are started before there is work for them.
        max_parked: With so many waiting, further ones help what they wait for, so that their number
            grows no more with each call.
    """

    def __init__(self, places: int, spare: int, max_parked: int) -> None:
        self.kept_identities = places
        self._places = places
        self._spare = spare
        self._max_parked = max_parked
        #: Whether so many wait that new ones help.
        self.crowded = False

    def decide(self, children: Sequence[ChildProcess]) -> Decision:
        """Whoever waited comes before new work."""
        parked = [child for child in children if child.place is not Place.HELD]
        active = [child for child in children if child.place is Place.HELD]
        wanting = [child for child in parked if child.place is Place.WANTED]
        self.crowded = len(parked) >= self._max_parked
        free = max(0, self._places - len(active))
        granted, unmet = wanting[:free], wanting[free:]
        idle = [child for child in active if not child.began and not child.draining]
        leaving = sum(not child.began and child.draining for child in active)
        if unmet:
            return Decision(grant=granted, retire=idle[: max(0, len(unmet) - leaving)])
        return Decision(grant=granted, open=max(0, min(free - len(granted), self._spare - len(idle))))
