"""The table of the life of an invocation."""

from __future__ import annotations

import pytest

from pynenc.exceptions import InvocationStatusTransitionError
from pynenc.values.status import (
    AVAILABLE,
    FINAL,
    OWNED,
    STATUS_TABLE,
    InvocationStatus,
    is_legal_history,
    sources_of,
    validate_transition,
)

S = InvocationStatus


def test_the_fifteen_statuses() -> None:
    assert len(S) == 15
    assert set(STATUS_TABLE) == set(S)
    assert {S.SUCCESS, S.FAILED, S.CANCELLED, S.CONCURRENCY_CONTROLLED_FINAL} == FINAL
    assert {S.REGISTERED, S.REROUTED, S.RETRY} == AVAILABLE
    assert {S.PENDING, S.RUNNING, S.PAUSED, S.RESUMED} == OWNED


def test_every_status_can_be_reached_and_can_end() -> None:
    reached = {S.REGISTERED}
    while more := {after for status in reached for after in STATUS_TABLE[status].next} - reached:
        reached |= more
    assert reached == set(S)
    for status in S:
        ahead = {status}
        while more := {after for one in ahead for after in STATUS_TABLE[one].next} - ahead:
            ahead |= more
        assert ahead & FINAL


def test_what_is_not_final_and_not_on_its_way_can_be_cancelled() -> None:
    passing = {S.PENDING_RECOVERY, S.RUNNING_RECOVERY}
    assert all(s.can_transition_to(S.CANCELLED) for s in S if s not in FINAL | passing)


def test_a_wrong_transition_names_what_is_allowed() -> None:
    validate_transition(S.REGISTERED, S.PENDING)
    with pytest.raises(
        InvocationStatusTransitionError, match=r"'success' cannot be followed by 'running'.*final"
    ):
        validate_transition(S.SUCCESS, S.RUNNING)
    with pytest.raises(InvocationStatusTransitionError, match=r"allowed: .*pending"):
        validate_transition(S.REGISTERED, S.RUNNING)


def test_sources_of_a_path() -> None:
    assert sources_of((S.RESUMED, S.RUNNING)) == {S.PAUSED}
    assert sources_of((S.KILLED, S.REROUTED)) == OWNED
    with pytest.raises(InvocationStatusTransitionError):
        sources_of((S.SUCCESS, S.RUNNING))


def test_legal_histories() -> None:
    assert is_legal_history([S.REGISTERED, S.PENDING, S.RUNNING, S.PAUSED, S.RESUMED, S.RUNNING, S.SUCCESS])
    assert not is_legal_history([])
    assert not is_legal_history([S.PENDING])
    assert not is_legal_history([S.REGISTERED, S.RUNNING])
