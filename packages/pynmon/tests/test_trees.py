from __future__ import annotations

from typing import Any

import pytest

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.critical_path import critical_path
from pynmon.family import descendants_of, family_of, shortened
from pynmon.journey import journey_of, stretches_of
from pynmon.parallelism import Parallelism, parallelism

S = InvocationStatus


def record(name: str, parent: str | None = None, status: S = S.SUCCESS, **fields: Any) -> InvocationRecord:
    return InvocationRecord(
        **{
            "invocation_id": InvocationId(name),
            "task_id": "a.b",
            "args_id": "x",
            "status": status,
            "seq": 1,
            "status_at": 0.0,
            "root_id": InvocationId("root"),
            "parent_id": InvocationId(parent) if parent else None,
            "created_at": 0.0,
            "available_at": 0.0,
            **fields,
        }
    )


def lines(
    records: list[InvocationRecord], chosen: InvocationRecord | None = None
) -> list[tuple[int, str, int]]:
    return [(line.depth, line.record.invocation_id, line.number) for line in family_of(records, chosen)]


def test_a_family_is_listed_depth_first() -> None:
    family = [record("root"), record("a", "root"), record("b", "root"), record("a1", "a")]
    assert lines(family) == [(0, "root", 1), (1, "a", 1), (2, "a1", 1), (1, "b", 1)]


def test_equal_siblings_are_one_line_but_a_failed_one_and_the_chosen_one_are_seen() -> None:
    children = [record(f"c{n}", "root", S.FAILED if n == 3 else S.SUCCESS) for n in range(12)]
    found = lines([record("root"), *children], children[7])
    assert found == [(0, "root", 1), (1, "c0", 10), (1, "c3", 1), (1, "c7", 1)]


def test_what_has_children_is_not_folded() -> None:
    children = [record(f"c{n}", "root") for n in range(10)]
    assert (1, "c9", 1) in lines([record("root"), *children, record("grandchild", "c9")])


@pytest.mark.parametrize(
    ("most", "kept"),
    [(9, ["root", "c0", "c8", "c9", "deep"]), (4, ["root", "c0", "c9", "deep"]), (1, ["root"])],
)
def test_what_is_needed_has_a_place_before_what_comes_first(most: int, kept: list[str]) -> None:
    children = [record(f"c{n}", "root") for n in range(10)]
    family = [record("root"), *children, record("below", "c8"), record("deep", "c9", S.FAILED)]
    lines = family_of(family, None)
    found = shortened(lines, most, {"root", "c9", "deep"})
    assert [line.record.invocation_id for line in found if line.record.invocation_id != "below"] == kept


def test_a_lost_parent_hides_nobody() -> None:
    assert lines([record("orphan", "gone")]) == [(0, "orphan", 1)]


def test_a_circle_ends() -> None:
    assert lines([record("a", "b"), record("b", "a")]) == []


def entry(seq: int, status: S, at: float) -> HistoryEntry:
    return HistoryEntry(seq, status, at, RunnerId("r"))


HISTORY = [
    entry(1, S.REGISTERED, 0.0),
    entry(2, S.PENDING, 5.0),
    entry(3, S.RUNNING, 5.0),
    entry(4, S.SUCCESS, 7.0),
]


def test_time_is_spent_in_what_took_time() -> None:
    found = stretches_of(HISTORY)
    assert [(one.status, one.begin, one.end, one.outcome) for one in found] == [
        (S.REGISTERED, 0.0, 5.0, S.PENDING),
        (S.RUNNING, 5.0, 7.0, S.SUCCESS),
    ]


@pytest.mark.parametrize("outcome", [S.SUCCESS, S.FAILED, S.RETRY])
def test_an_attempt_is_seen_however_short_it_was(outcome: S) -> None:
    history = [*HISTORY[:3], entry(4, outcome, 5.0)]
    found = [one for one in stretches_of(history) if one.status is S.RUNNING]
    assert [(one.begin, one.end, one.outcome) for one in found] == [(5.0, 5.0, outcome)]


def test_what_goes_on_has_no_end_yet() -> None:
    assert stretches_of(HISTORY[:3])[-1].end is None
    segments = journey_of(HISTORY[:3], now=15.0)
    assert segments[-1].seconds == 10.0
    assert round(sum(one.width for one in segments)) == 1000


def test_a_short_stretch_is_wide_enough_to_be_seen() -> None:
    history = [entry(1, S.REGISTERED, 0.0), entry(2, S.RUNNING, 0.001), entry(3, S.SUCCESS, 1e6)]
    assert journey_of(history, 1e6)[0].width > 5
    assert journey_of([], 0.0) == []


def test_a_part_of_a_family_is_what_is_below_one_of_its_members() -> None:
    family = [record("root"), record("a", "root"), record("b", "root"), record("a1", "a"), record("a2", "a1")]
    assert [one.invocation_id for one in descendants_of(family, family[1])] == ["a", "a1", "a2"]
    assert descendants_of(family, family[0]) == family


def timed(name: str, parent: str | None, begin: float, end: float | None) -> InvocationRecord:
    return record(name, parent, created_at=begin, ended_at=end)


def test_the_critical_path_is_what_the_end_waited_for() -> None:
    root = timed("root", None, 0.0, 10.0)
    members = [
        root,
        timed("first", "root", 1.0, 4.0),
        timed("beside the first", "root", 1.0, 3.5),
        timed("second", "root", 4.0, 9.0),
        timed("inside", "second", 5.0, 8.0),
        timed("brief inside", "second", 5.0, 6.0),
        timed("before inside", "second", 4.5, 5.0),
        timed("outlived it", "root", 2.0, 11.0),
    ]
    assert critical_path(members, root) == {"root", "first", "second", "inside", "before inside"}


def test_what_still_runs_is_waited_for() -> None:
    root = timed("root", None, 0.0, None)
    members = [
        root,
        timed("done", "root", 1.0, 4.0),
        timed("runs", "root", 5.0, None),
        timed("other", "gone", 1.0, 2.0),
    ]
    assert critical_path(members, root) == {"root", "runs", "done"}
    assert critical_path([root], root) == {"root"}


def test_what_ran_at_the_same_time_is_counted_without_those_who_waited_for_it() -> None:
    def ran(name: str, parent: str | None, begin: float | None, end: float | None) -> InvocationRecord:
        return record(name, parent, started_at=begin, ended_at=end)

    root = ran("root", None, 0.0, 100.0)
    assert parallelism(
        [root, ran("a", "root", 0.0, 10.0), ran("b", "root", 5.0, None)], now=15.0
    ) == Parallelism(20 / 15, 2)
    # One after the other, with a pause; what took no time; what never began.
    assert parallelism(
        [ran("a", "x", 0.0, 1.0), ran("b", "x", 1.0, 2.0), ran("c", "x", 9.0, 10.0)], 20.0
    ) == (Parallelism(1.0, 1))
    assert parallelism([ran("a", "x", 3.0, 3.0)], 20.0) == Parallelism(1.0, 1)
    assert parallelism([ran("a", "x", None, None)], 20.0) is None
