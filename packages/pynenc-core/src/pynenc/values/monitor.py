"""Questions and answers of the monitor: slim, bounded, and without anything that a user's code wrote or reads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pynenc.values.ids import InvocationId
from pynenc.values.record_filter import RecordFilter
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuery:
    """A page of invocations by order of submission, newest first unless it says otherwise."""

    task_id: str | None = None
    #: None for all.
    statuses: frozenset[InvocationStatus] | None = None
    #: Of the family that begins with this invocation, which has no parent.
    root_id: InvocationId | None = None
    #: Only invocations that were registered to repeat this one.
    rerun_of: InvocationId | None = None
    #: Only invocations that define a workflow.
    workflows: bool = False
    #: What has to hold besides; looked for among what the other fields lead to.
    where: RecordFilter | None = None
    oldest_first: bool = False
    #: Where to go on: ``RecordPage.next`` of the page before, of the same question. Empty for the first page.
    cursor: str = ""
    limit: int = 50
    #: At most about so many invocations are looked at for one page.
    search_limit: int = 10_000


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A part of a list. It may be short, even empty, although there is more: then the search was cut off."""

    #: Without tokens and payloads.
    records: tuple[InvocationRecord, ...]
    #: Where to go on; None at the end.
    next: str | None


class Finished(NamedTuple):
    """The figures of one final invocation: what statistics and timelines are made of."""

    ended_at: float
    status: InvocationStatus
    task_id: str
    invocation_id: InvocationId
    #: Who owned it last.
    runner_id: str | None
    #: Of the last attempt; None when it never started.
    started_at: float | None
    #: When it became claimable for the last time.
    available_at: float


class Registered(NamedTuple):
    """The figures of one invocation, wherever it stands."""

    created_at: float
    status: InvocationStatus
    task_id: str
    invocation_id: InvocationId
    #: Who owns it, or owned it last.
    runner_id: str | None
    #: Of the last attempt; None when it never started.
    started_at: float | None
    #: When it became claimable for the last time, or will.
    available_at: float
    #: None while it is open.
    ended_at: float | None


class Waits(NamedTuple):
    """What an invocation has to do with the results of others, at this moment."""

    #: What it waits for.
    on: tuple[InvocationId, ...]
    #: Who waits for it.
    by: tuple[InvocationId, ...]


def equal_parts(since: float, until: float, parts: int) -> list[tuple[float, float]]:
    """Beginning and end of so many equal parts of a window; together they are all of it."""
    edges = [since + (until - since) * at / parts for at in range(parts)] + [until]
    return list(pairwise(edges))


class Failed(NamedTuple):
    """One invocation that failed, and what tells kinds of failure apart."""

    ended_at: float
    task_id: str
    invocation_id: InvocationId
    #: Qualified name of the exception's class.
    error_type: str | None
    #: Equal for failures of the same kind at the same place.
    fingerprint: str | None
