"""What registration concurrency merged into an invocation that waited: numbers, however many calls it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation, SubmitAnswer
from pynenc.values.value import value

#: So many of the latest merges are known again. One is repeated when the reply to it was lost, within seconds.
REMEMBERED = 16


@value()
class Merge:
    """Calls of one batch that an invocation, which was there, stands for."""

    #: The first of them: by it a repetition of the batch is known.
    first: InvocationId
    calls: int
    #: How many of them had other arguments.
    dropped: int


@value()
class Merges:
    """What was merged into one invocation so far."""

    #: Besides its own.
    calls: int
    #: How many of them had other arguments than the invocation, which nobody stores.
    dropped: int
    #: By the store's clock.
    last_at: float
    #: The first calls of the last merges, the latest one last; at most ``REMEMBERED``.
    recent: tuple[InvocationId, ...]


def merges_of(
    batch: Sequence[NewInvocation], answers: Mapping[int, SubmitAnswer]
) -> dict[InvocationId, Merge]:
    """By what stands for them: the calls of a batch that were merged. A call whose own id existed is none.

    Args:
        batch: The calls.
        answers: What became of them, by position; at least of those that were not created.
    """
    merged: dict[InvocationId, dict[InvocationId, bool]] = {}
    for at, answer in answers.items():
        call = batch[at]
        if not answer.created and answer.invocation_id != call.invocation_id:
            merged.setdefault(answer.invocation_id, {})[call.invocation_id] = answer.args_id != call.args_id
    return {
        survivor: Merge(next(iter(calls)), len(calls), sum(calls.values()))
        for survivor, calls in merged.items()
    }


def with_merge(before: Merges | None, merge: Merge, at: float) -> Merges | None:
    """What was merged so far, with one merge more; None if that is a repetition."""
    if before is None:
        return Merges(merge.calls, merge.dropped, at, (merge.first,))
    if merge.first in before.recent:
        return None
    recent = (*before.recent, merge.first)[-REMEMBERED:]
    return Merges(before.calls + merge.calls, before.dropped + merge.dropped, at, recent)
