"""What is odd about pasted log lines, judged by them and by the histories of what they name."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from heapq import nlargest
from itertools import pairwise
from typing import NamedTuple

from pynenc.values.ids import InvocationId
from pynenc.values.records import HistoryEntry
from pynenc.values.status import STATUS_TABLE, InvocationStatus
from pynmon.journey import stretches_of
from pynmon.log_known import Known
from pynmon.log_lines import LogLine
from pynmon.presentation.statuses import LOOKS
from pynmon.presentation.texts import duration

#: A shorter silence of the lines is none.
SILENCE_SECONDS = 30.0
#: So many of the longest are looked into.
_MOST_SILENCES = 100
#: So much may the clock of who wrote a line differ from that of the store.
_SLACK_SECONDS = 1.0
_RECOVERIES = (InvocationStatus.PENDING_RECOVERY, InvocationStatus.RUNNING_RECOVERY)


class Kind(StrEnum):
    """What sort of thing is odd, the worst first."""

    ILLEGAL = "illegal transition"
    CONFLICT = "ownership conflict"
    RECOVERY = "recovery"
    RETRY = "retry"
    GAP = "gap"


class Finding(NamedTuple):
    """One thing that is odd."""

    kind: Kind
    #: The line that leads to it.
    number: int
    invocation_id: InvocationId | None
    words: str


def findings_in(lines: Sequence[LogLine], known: Known, now: float) -> list[Finding]:
    """All that is odd, the worst first.

    Args:
        lines: As they were pasted.
        known: What the store knows of them.
        now: What still goes on has gone on until then.
    """
    first: dict[InvocationId, int] = {}
    for line in lines:
        for name in line.names("invocation"):
            if name in known.by_name:
                first.setdefault(known.by_name[name].invocation_id, line.number)
    found = [
        Finding(kind, first[invocation_id], invocation_id, words)
        for invocation_id, history in known.histories.items()
        for kind, words in _of_history(history)
    ]
    found += _conflicts(lines, known)
    found += _gaps(lines, known.histories, now)
    return sorted(found, key=lambda one: (list(Kind).index(one.kind), one.number))


def _of_history(history: Sequence[HistoryEntry]) -> Iterator[tuple[Kind, str]]:
    for entry, following in pairwise(history):
        if following.seq != entry.seq + 1 or not entry.status.can_transition_to(following.status):
            yield (
                Kind.ILLEGAL,
                f"{_word(entry)} (entry {entry.seq}) is followed by {_word(following)} (entry {following.seq})",
            )
    numbers = Counter(entry.status for entry in history)
    for entry in history:
        if entry.status in _RECOVERIES:
            yield Kind.RECOVERY, f"{_word(entry)}{f': {entry.reason}' if entry.reason else ''}"
    if number := numbers[InvocationStatus.RETRY]:
        yield Kind.RETRY, "tried again once" if number == 1 else f"tried again {number} times"


def _word(entry: HistoryEntry) -> str:
    return LOOKS[entry.status].word


def _conflicts(lines: Iterable[LogLine], known: Known) -> Iterator[Finding]:
    """Lines of a runner about an invocation that was in the hands of another one; the first of each."""
    told: set[tuple[InvocationId, str]] = set()
    instants = {name: [entry.at for entry in history] for name, history in known.histories.items()}
    for line in lines:
        about, writers = line.context
        record = known.by_name.get(about)
        ids = {known.runners[name].identity.runner_id for name in writers if name in known.runners}
        if line.at is None or record is None or not ids:
            continue
        name = record.invocation_id
        holders = set(_holders(known.histories.get(name, ()), instants.get(name, ()), line.at))
        if holders and not holders & ids and (key := (name, writers[-1])) not in told:
            told.add(key)
            words = f"{writers[-1]} wrote about it while {', '.join(sorted(holders))} had it"
            yield Finding(Kind.CONFLICT, line.number, name, words)


def _holders(history: Sequence[HistoryEntry], instants: Sequence[float], at: float) -> Iterator[str]:
    """Whose it was about then."""
    # From the entry that was in force a little before to the last one a little after.
    first = max(0, bisect_left(instants, at - _SLACK_SECONDS) - 1)
    for entry in history[first : bisect_right(instants, at + _SLACK_SECONDS)]:
        if entry.runner_id is not None and STATUS_TABLE[entry.status].requires_owner:
            yield entry.runner_id


def _gaps(
    lines: Iterable[LogLine], histories: Mapping[InvocationId, Sequence[HistoryEntry]], now: float
) -> Iterator[Finding]:
    """Long silences during which something that the lines name ran; the longest of them."""
    timed = sorted((line.at, line.number) for line in lines if line.at is not None)
    silences = [
        (begin, end, number)
        for (begin, _), (end, number) in pairwise(timed)
        if end - begin >= SILENCE_SECONDS
    ]
    if not silences:
        return
    runs = [
        (stretch.begin, now if stretch.end is None else stretch.end, invocation_id)
        for invocation_id, history in histories.items()
        for stretch in stretches_of(history)
        if stretch.status is InvocationStatus.RUNNING
    ]
    for begin, end, number in nlargest(_MOST_SILENCES, silences, key=lambda one: one[1] - one[0]):
        ran = [invocation_id for since, until, invocation_id in runs if since <= begin and until >= end]
        if ran:
            more = f", and {len(ran) - 1} more ran" if len(ran) > 1 else ""
            yield Finding(Kind.GAP, number, ran[0], f"no line for {duration(end - begin)} while it ran{more}")
