"""The history of one invocation as stretches of time: waiting, running, held up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pynenc.values.records import HistoryEntry
from pynenc.values.status import InvocationStatus

_S = InvocationStatus


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time between two entries of a history."""

    status: InvocationStatus
    begin: float
    #: None while it goes on.
    end: float | None
    runner_id: str | None
    #: What came next; None while it goes on.
    outcome: InvocationStatus | None

    @property
    def shown(self) -> InvocationStatus:
        """What came of an attempt, once that is known; otherwise what it was."""
        if self.status is _S.RUNNING and self.outcome is not None and self.outcome is not _S.PAUSED:
            return self.outcome
        return self.status


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch on a scale from 0 to 1000."""

    stretch: Stretch
    x: float
    width: float
    seconds: float


def stretches_of(history: Sequence[HistoryEntry]) -> list[Stretch]:
    """Every stretch that took time, and the end of every attempt; statuses passed within one step are none."""
    found = []
    for at, entry in enumerate(history):
        following = history[at + 1] if at + 1 < len(history) else None
        if following is None and entry.status.is_final():
            break
        if following is None or following.at > entry.at or _ends_attempt(entry, following):
            found.append(
                Stretch(
                    entry.status,
                    entry.at,
                    following.at if following else None,
                    entry.runner_id,
                    following.status if following else None,
                )
            )
    return found


def _ends_attempt(entry: HistoryEntry, following: HistoryEntry) -> bool:
    """Also one that took less than the store's clock can tell."""
    return entry.status is _S.RUNNING and (following.status is _S.RETRY or following.status.is_final())


def journey_of(history: Sequence[HistoryEntry], now: float) -> list[Segment]:
    """The stretches side by side, each wide enough to be seen."""
    stretches = stretches_of(history)
    if not stretches:
        return []
    lengths = [max(0.0, (one.end if one.end is not None else now) - one.begin) for one in stretches]
    total = sum(lengths) or 1.0
    least = 8.0
    widths = [max(least, length / total * 1000) for length in lengths]
    scale = 1000 / sum(widths)
    segments, x = [], 0.0
    for one, width, length in zip(stretches, widths, lengths, strict=True):
        segments.append(Segment(one, round(x, 1), round(width * scale, 1), length))
        x += width * scale
    return segments
