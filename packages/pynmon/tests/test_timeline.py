from __future__ import annotations

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus
from pynmon.timeline import lanes
from pynmon.timeline.axis import LABELS, WIDTH, Axis, gaps_between
from pynmon.timeline.groups import HUES, ColourBy, LanesBy, grouped, paint_by
from pynmon.timeline.lanes import MOST_LANES, MOST_ROWS, SINGLE, Picture
from pynmon.timeline.spans import Span
from pynmon.timeline.totals import totals_of
from pynmon.timeline.window import Window, window_of

S = InvocationStatus
WINDOW = Window(100.0, 200.0, follows=True)


def span(
    begin: float, end: float | None, status: S = S.SUCCESS, runner: str = "r", task: str = "a.b"
) -> Span:
    return Span(InvocationId(f"{begin}"), task, runner, begin, end, status)


def draw(
    spans: list[Span], lanes_by: LanesBy = LanesBy.RUNNER, colour_by: ColourBy = ColourBy.OUTCOME
) -> Picture:
    """What a page draws of these, of whose runners and workflows nothing is known."""
    paint = paint_by(colour_by, spans, {}, WINDOW.until)
    return lanes.draw(grouped(lanes_by, spans, {}, {}), Axis(WINDOW), paint)


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
    for origin in (0.0, -19_800.0, window.until):
        ticks = window.ticks(origin)
        assert 3 <= len(ticks) <= 11
        assert all(window.since <= tick <= window.until for tick in ticks)


def test_what_began_before_the_window_or_goes_on_reaches_its_edge() -> None:
    (lane,) = draw([span(0.0, 150.0), span(160.0, None)]).lanes
    first, second = lane.boxes
    assert (first.x, first.width) == (LABELS, (WIDTH - LABELS) / 2)
    assert second.x + second.width == WIDTH


def test_spans_that_overlap_are_below_each_other_and_the_rest_is_counted() -> None:
    (lane,) = draw([span(110.0, 120.0), span(115.0, 130.0), span(125.0, 140.0)]).lanes
    assert lane.rows == 2
    assert lane.boxes[0].y == lane.boxes[2].y != lane.boxes[1].y
    (lane,) = draw([span(110.0 + n / 1000, 120.0) for n in range(MOST_ROWS + 5)]).lanes
    assert (lane.rows, lane.left_out, len(lane.boxes)) == (MOST_ROWS, 5, MOST_ROWS)


def test_ten_thousand_bars_are_few_nodes_and_failures_come_last() -> None:
    spans = [
        span(100.0 + n / 100, 100.0 + n / 100 + 0.005, S.FAILED if n == 5000 else S.SUCCESS, f"r{n % 100}")
        for n in range(10_000)
    ]
    picture = draw(spans)
    assert not picture.is_single
    assert [css for css, _ in picture.paths] == ["st-success", "st-failed"]
    assert sum(len(outline) for _, outline in picture.paths) < 350 * 1024
    # A failure stands out whatever the colours are for.
    by_task = draw(spans, colour_by=ColourBy.TASK)
    assert [css for css, _ in by_task.paths] == ["hue-1", "rail"]


def test_lanes_are_limited_and_a_few_bars_are_drawn_one_by_one() -> None:
    picture = draw([span(110.0, 120.0, runner=f"r{n:03d}") for n in range(MOST_LANES + 3)])
    assert (len(picture.lanes), picture.left_out) == (MOST_LANES, 3)
    assert picture.is_single
    assert MOST_LANES < SINGLE
    assert draw([]).lanes == []


def test_lanes_stand_for_what_is_asked_for() -> None:
    spans = [span(150.0, 160.0, runner="r2", task="a.c"), span(110.0, 120.0, runner="r1", task="a.d")]
    spans.append(span(130.0, 140.0, runner="r1", task="a.c"))
    keys = {by: [lane.label.key for lane in draw(spans, by).lanes] for by in LanesBy}
    assert keys == {
        LanesBy.RUNNER: ["r1", "r2"],
        LanesBy.TASK: ["a.c", "a.d"],
        LanesBy.WORKFLOW: [""],
        # As they began.
        LanesBy.INVOCATION: ["110.0", "130.0", "150.0"],
    }


def test_the_commonest_have_colours_of_their_own_and_the_others_share_one() -> None:
    spans = [span(100.0 + n, 101.0 + n, task=f"a.t{n % 8}") for n in range(17)]
    paint = paint_by(ColourBy.TASK, spans, {}, 200.0)
    assert paint.shades is not None
    assert [shade.label.word for shade in paint.shades][0::HUES] == ["t0", "others"]
    assert len(paint.shades) == HUES + 1
    assert paint.css_of(spans[0]) == paint.css_of(spans[8]) == "hue-1"
    assert paint.css_of(spans[7]) == "hue-0"
    few = paint_by(ColourBy.TASK, spans[:HUES], {}, 200.0)
    assert few.shades is not None
    assert len(few.shades) == HUES


def test_the_longest_are_painted_apart() -> None:
    spans = [span(100.0, 100.0 + n) for n in range(1, 101)]
    paint = paint_by(ColourBy.DURATION, spans, {}, 200.0)
    assert [paint.css_of(spans[n - 1]) for n in (1, 51, 52, 91, 92, 100)] == [
        "pace-1",
        "pace-1",
        "pace-2",
        "pace-2",
        "pace-3",
        "pace-3",
    ]
    assert paint.css_of(span(0.0, None)) == "pace-4"


def test_long_stretches_of_nothing_are_cut_short() -> None:
    spans = [span(100.0, 110.0), span(111.0, 120.0), span(105.0, 108.0), span(180.0, None)]
    gaps = gaps_between(spans, WINDOW)
    assert gaps == [(120.0, 180.0)]
    axis = Axis(WINDOW, gaps)
    places = axis.places([100.0, 120.0, 180.0, 200.0, None])
    assert places[0] == LABELS
    assert places[-2:] == [WIDTH, WIDTH]
    assert places[2] - places[1] < 0.02 * WIDTH
    # What is not cut keeps its proportions.
    assert axis.x_of(110.0) - axis.x_of(100.0) == pytest.approx(axis.x_of(195.0) - axis.x_of(185.0), abs=0.2)
    assert gaps_between([], WINDOW) == []


def test_totals_count_what_is_inside_of_the_window() -> None:
    spans = [span(0.0, 120.0), span(120.0, 130.0, S.FAILED), span(125.0, None, S.RUNNING)]
    totals = totals_of([*spans, span(100.0, 200.0, S.PENDING)], WINDOW)
    assert totals.by_status == {S.SUCCESS: 1, S.FAILED: 1, S.RUNNING: 1, S.PENDING: 1}
    assert totals.busy == 20.0 + 10.0 + 75.0
    assert totals.at_a_time(WINDOW) == pytest.approx(1.05)
    # One ended as another began.
    assert totals.most == 2
