from __future__ import annotations

import pytest

from pynenc.values.status import FINAL, STATUS_TABLE, InvocationStatus
from pynmon.machine import HIGH, WIDE, machine_of

_S = InvocationStatus
TRIED_TWICE = [_S.REGISTERED, _S.PENDING, _S.RUNNING, _S.RETRY, _S.PENDING, _S.RUNNING]


@pytest.mark.parametrize("path", [[], TRIED_TWICE, [*TRIED_TWICE, _S.SUCCESS]])
def test_every_status_has_a_place_of_its_own(path: list[InvocationStatus]) -> None:
    machine = machine_of(path)
    assert {place.status for place in machine.places} == set(InvocationStatus)
    places = [(place.x, place.y) for place in machine.places]
    assert len(set(places)) == len(places)
    assert all(0 < x < machine.width - WIDE and 0 < y < machine.height - HIGH for x, y in places)
    assert {place.status: place.times for place in machine.places if place.times} == {
        status: path.count(status) for status in path
    }


def test_the_way_is_marked_and_so_is_what_may_follow() -> None:
    steps = {(step.begin, step.end): step.times for step in machine_of(TRIED_TWICE).steps}
    assert {key: times for key, times in steps.items() if times} == {
        (_S.REGISTERED, _S.PENDING): 1,
        (_S.PENDING, _S.RUNNING): 2,
        (_S.RUNNING, _S.RETRY): 1,
        (_S.RETRY, _S.PENDING): 1,
    }
    assert {end for (begin, end) in steps if begin is _S.RUNNING} == STATUS_TABLE[_S.RUNNING].next


def test_nothing_follows_an_end() -> None:
    for status in FINAL:
        assert all(step.times for step in machine_of([_S.REGISTERED, status]).steps)
