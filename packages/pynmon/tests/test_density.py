from __future__ import annotations

from collections.abc import Collection

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished
from pynenc.values.status import InvocationStatus
from pynmon.timeline.density import EACH, MOST_BUSY, PARTS, PER_PART, Sample, draw, weight_of, work_seconds
from pynmon.timeline.groups import Arrangement
from pynmon.timeline.window import Window

S = InvocationStatus
WINDOW = Window(1000.0, 1000.0 + PARTS, follows=False)  # parts of a second


def finished(begin: float, end: float, runner: str = "r") -> Finished:
    return Finished(end, S.SUCCESS, "a.b", InvocationId(f"{runner} {end}"), runner, begin, begin)


def sampled(rows: list[Finished], runners: Collection[str] = ("r", "r0", "r1")) -> Sample:
    """As a store gives them; of these runners they are asked for."""
    parts: list[list[Finished]] = [[] for _ in range(PER_PART * PARTS)]
    for row in sorted(rows, key=lambda one: -one.ended_at):
        at = int(PER_PART * (row.ended_at - WINDOW.since))
        if 0 <= at < PER_PART * PARTS and len(parts[at]) < EACH:
            parts[at].append(row)
    chosen = {row.invocation_id for part in parts for row in part if row.runner_id in runners}
    return Sample(parts, EACH, chosen)


def test_what_ended_in_a_part_stands_for_itself_until_it_is_too_much() -> None:
    assert weight_of([finished(0.0, 9.0)] * (EACH - 1), 0.0, 10.0, EACH) == 1.0
    # So many within the last quarter: four times as many in the whole part.
    assert weight_of([finished(0.0, 7.5)] * EACH, 0.0, 10.0, EACH) == 4.0
    assert weight_of([finished(0.0, 10.0)] * EACH, 0.0, 10.0, EACH) == 1.0


def test_a_few_of_each_part_tell_how_busy_all_were() -> None:
    # A thousand a second on two runners: each takes 2 ms on one and 4 ms on the other.
    rows = [
        finished(end - (0.004 if n % 2 else 0.002), end, f"r{n % 2}")
        for n in range(1000 * PARTS)
        for end in [WINDOW.since + n / 1000]
    ]
    sample = sampled(rows)
    assert sum(map(len, sample.parts)) == EACH * PER_PART * PARTS
    busy = work_seconds(sample, [], WINDOW)
    density = draw([0] * PARTS, busy, {}, WINDOW)
    assert sum(part.busy for part in density.parts) / PARTS == pytest.approx(1000 * 0.003, rel=0.05)
    assert density.full == pytest.approx(2.0, rel=0.3)
    assert len(density.picture.paths) == 1


def test_what_is_not_asked_for_takes_no_room_and_the_rest_no_more() -> None:
    rows = [
        finished(end - 0.002, end, f"r{n % 2}")
        for n in range(1000 * PARTS)
        for end in [WINDOW.since + n / 1000]
    ]
    busy = work_seconds(sampled(rows, {"r0"}), [], WINDOW)
    assert list(busy) == ["r0"]
    assert sum(busy["r0"]) / PARTS == pytest.approx(500 * 0.002, rel=0.1)


def test_work_is_where_it_was_done_also_before_and_after_the_window() -> None:
    busy = work_seconds(sampled([finished(900.0, 1002.5)]), [], WINDOW)
    assert busy["r"][:4] == [1.0, 1.0, 0.5, 0.0]
    assert sum(busy["r"]) == 2.5


def test_one_failure_among_many_is_seen_and_the_busiest_runners_are_drawn() -> None:
    failed = [0] * PARTS
    failed[7] = 1
    busy = {f"r{n}": [0.01 * n] * PARTS for n in range(200)}
    density = draw(failed, busy, {}, WINDOW)
    assert density.failed == 1
    assert [part.begin for part in density.parts if part.failed] == [pytest.approx(1007.0)]
    drawn = {lane.label.key for lane in density.picture.lanes}
    assert "r199" in drawn
    assert density.picture.left_out == 200 - len(drawn)
    # What is hardly busy is not nothing.
    assert "v0" not in density.picture.paths[0][1]


def test_pinned_lanes_come_first_and_the_next_busiest_after_so_many() -> None:
    busy = {f"r{n:03d}": [0.01 * n] * PARTS for n in range(200)}
    how = Arrangement(frozenset({"r001"}), frozenset(), MOST_BUSY)
    density = draw([0] * PARTS, busy, {}, WINDOW, how=how)
    keys = [lane.label.key for lane in density.picture.lanes]
    assert keys[0] == "r001"
    assert len(keys) == MOST_BUSY
    assert set(keys[1:]) == {f"r{n:03d}" for n in range(200 - MOST_BUSY - 1, 200 - 2 * MOST_BUSY, -1)}
    assert density.picture.left_out == 200 - 2 * MOST_BUSY
