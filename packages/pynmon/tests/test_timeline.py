from __future__ import annotations

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus
from pynmon.timeline.lanes import LABELS, MOST_LANES, MOST_ROWS, SINGLE, WIDTH, draw
from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window, window_of

S = InvocationStatus
WINDOW = Window(100.0, 200.0, follows=True)


def span(begin: float, end: float | None, status: S = S.SUCCESS, runner: str = "r") -> Span:
    return Span(InvocationId(f"{begin}"), "a.b", runner, begin, end, status)


def test_a_window_ends_now_unless_it_is_said() -> None:
    assert window_of(300.0, "", "", 1000.0) == Window(700.0, 1000.0, follows=True)
    fixed = window_of(300.0, "1970-01-01T00:01:40Z", "1970-01-01T00:03:20", 1000.0)
    assert fixed == Window(100.0, 200.0, follows=False)
    assert fixed.moved(-0.5) == {"from": "1970-01-01T00:00:50.000Z", "to": "1970-01-01T00:02:30.000Z"}
    assert fixed.scaled(2.0) == {"from": "1970-01-01T00:00:50.000Z", "to": "1970-01-01T00:04:10.000Z"}


def test_a_window_is_scaled_to_no_length_that_is_refused() -> None:
    for seconds, factor in ((6 * 86400.0, 2.0), (0.006, 0.5)):
        scaled = Window(1000.0004, 1000.0004 + seconds, follows=False).scaled(factor)
        assert window_of(0.0, scaled["from"], scaled["to"], 0.0).seconds > 0


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("1970-01-01T00:00:00Z", ""),
        ("", "1970-01-01T00:00:00Z"),
        ("yesterday", "today"),
        ("1970-01-02T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("1970-01-01T00:00:00Z", "1971-01-01T00:00:00Z"),
    ],
)
def test_what_is_no_window_is_refused(since: str, until: str) -> None:
    with pytest.raises(ValueError, match=r"window|instant"):
        window_of(300.0, since, until, 1000.0)


@pytest.mark.parametrize("seconds", [0.05, 1.0, 300.0, 3600.0, 86400.0, 7 * 86400.0])
def test_ticks_are_few_and_inside(seconds: float) -> None:
    window = Window(1e9 + 0.123, 1e9 + 0.123 + seconds, follows=True)
    ticks = window.ticks()
    assert 3 <= len(ticks) <= 11
    assert all(window.since <= tick <= window.until for tick in ticks)


def test_what_began_before_the_window_or_goes_on_reaches_its_edge() -> None:
    (lane,) = draw([span(0.0, 150.0), span(160.0, None)], {}, WINDOW).lanes
    first, second = lane.boxes
    assert (first.x, first.width) == (LABELS, (WIDTH - LABELS) / 2)
    assert second.x + second.width == WIDTH


def test_spans_that_overlap_are_below_each_other_and_the_rest_is_counted() -> None:
    (lane,) = draw([span(110.0, 120.0), span(115.0, 130.0), span(125.0, 140.0)], {}, WINDOW).lanes
    assert lane.rows == 2
    assert lane.boxes[0].y == lane.boxes[2].y != lane.boxes[1].y
    (lane,) = draw([span(110.0 + n / 1000, 120.0) for n in range(MOST_ROWS + 5)], {}, WINDOW).lanes
    assert (lane.rows, lane.left_out, len(lane.boxes)) == (MOST_ROWS, 5, MOST_ROWS)


def test_ten_thousand_bars_are_few_nodes_and_failures_come_last() -> None:
    spans = [
        span(100.0 + n / 100, 100.0 + n / 100 + 0.005, S.FAILED if n == 5000 else S.SUCCESS, f"r{n % 100}")
        for n in range(10_000)
    ]
    picture = draw(spans, {}, WINDOW)
    assert not picture.is_single
    paths = [path for lane in picture.lanes for path in lane.paths]
    assert len(paths) == 101
    assert sum(len(outline) for _, outline in paths) < 350 * 1024
    failed = next(lane for lane in picture.lanes if len(lane.paths) == 2)
    assert failed.paths[-1][0] == "st-failed"


def test_lanes_are_limited_and_a_few_bars_are_drawn_one_by_one() -> None:
    picture = draw([span(110.0, 120.0, runner=f"r{n:03d}") for n in range(MOST_LANES + 3)], {}, WINDOW)
    assert (len(picture.lanes), picture.left_out) == (MOST_LANES, 3)
    assert picture.is_single
    assert MOST_LANES < SINGLE
    assert draw([], {}, WINDOW).lanes == []
