"""Which runner put right what dead ones leave behind, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pynenc.values.notes import RunnerNotes
from pynenc.values.runners import Lease, RunnerRecord


@dataclass(frozen=True, slots=True)
class Term:
    """One stretch of it."""

    runner_id: str
    since: float
    #: None while it goes on, or where nobody knows the end.
    until: float | None
    is_open: bool
    #: Whether somebody else had begun before its end, which must not be.
    overlaps: bool = False


def terms_of(
    notes: Mapping[str, RunnerNotes], runners: Mapping[str, RunnerRecord], lease: Lease | None, now: float
) -> list[Term]:
    """All that runners remember, the latest first.

    Args:
        notes: What they wrote down.
        runners: Themselves, as far as they are known.
        lease: Who leads, or did last.
        now: By the store's clock.
    """
    found = sorted(
        (
            _term(runner_id, since, until, runners.get(runner_id), lease, now)
            for runner_id, one in notes.items()
            for since, until in one.terms
        ),
        key=lambda term: term.since,
        reverse=True,
    )
    return [
        Term(one.runner_id, one.since, one.until, one.is_open, _ends_after(one, later))
        for one, later in zip(found, [None, *found], strict=False)
    ]


def _term(
    runner_id: str,
    since: float,
    until: float | None,
    runner: RunnerRecord | None,
    lease: Lease | None,
    now: float,
) -> Term:
    if until is not None:
        return Term(runner_id, since, until, is_open=False)
    if lease is not None and lease.holder == runner_id and now < lease.until:
        return Term(runner_id, since, None, is_open=True)
    # It had no time to write down the end. While it beat it led.
    return Term(runner_id, since, max(since, runner.last_beat_at) if runner else None, is_open=False)


def _ends_after(one: Term, later: Term | None) -> bool:
    return later is not None and (one.is_open or (one.until is not None and one.until > later.since))
