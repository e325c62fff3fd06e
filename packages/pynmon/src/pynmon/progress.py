"""How far the runs of a list are: how many of their calls have ended, as far as they are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus

#: Calls that are looked at for one page.
_LOOKS = 4_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one run."""

    total: int
    succeeded: int
    #: Ended in another way.
    failed: int
    #: Whether there are more calls than were looked at.
    is_cut: bool

    @property
    def ended(self) -> int:
        """In whatever way."""
        return self.succeeded + self.failed


def progress_of(store: BaseMonitorStore, runs: Iterable[InvocationRecord]) -> dict[InvocationId, Progress]:
    """Of those that are open and called by nobody, in one read: a family is known by its root."""
    roots = [
        one.invocation_id for one in runs if one.root_id == one.invocation_id and not one.status.is_final()
    ]
    if not roots:
        return {}
    most = _LOOKS // len(roots)
    return {one: _progress(counts, most) for one, counts in store.count_families(roots, most).items()}


def _progress(counts: Mapping[InvocationStatus, int], most: int) -> Progress:
    total = sum(counts.values())
    ended = sum(n for status, n in counts.items() if status.is_final())
    succeeded = counts.get(InvocationStatus.SUCCESS, 0)
    return Progress(total, succeeded, ended - succeeded, is_cut=total >= most)
