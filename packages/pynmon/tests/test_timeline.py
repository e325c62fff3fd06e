from __future__ import annotations

import re

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.timeline import lanes
from pynmon.timeline.axis import LABELS, WIDTH, Axis, gaps_between
from pynmon.timeline.crowded import RAIL, ROWS
from pynmon.timeline.cuts import HATCHES, OPEN, TORN, cuts_of
from pynmon.timeline.groups import (
    HUES,
    Arrangement,
    ColourBy,
    Group,
    Label,
    LanesBy,
    arranged,
    grouped,
    paint_by,
)
from pynmon.timeline.identical import identical
from pynmon.timeline.lanes import MOST_LANES, MOST_ROWS, SINGLE, Picture
from pynmon.timeline.nodes import MOST_SINGLE, PAGE, RICH_LANES, room_for
from pynmon.timeline.points import AGAIN
from pynmon.timeline.spans import Around, Span
from pynmon.timeline.table import SortBy, lines_of
from pynmon.timeline.totals import totals_of
from pynmon.timeline.window import Window, address, window_of

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
    assert fixed.moved(-0.5) == Window(50.0, 150.0, follows=False)
    assert fixed.scaled(2.0) == Window(50.0, 250.0, follows=False)
    assert address(50.0, 150.0) == {"from": "1970-01-01T00:00:50.000Z", "to": "1970-01-01T00:02:30.000Z"}


def test_a_window_is_scaled_to_no_length_that_is_refused() -> None:
    for seconds, factor in ((6 * 86400.0, 2.0), (0.006, 0.5)):
        scaled = Window(1000.0004, 1000.0004 + seconds, follows=False).scaled(factor)
        said = address(scaled.since, scaled.until)
        assert window_of(0.0, said["from"], said["to"], 0.0).seconds > 0


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
    assert {css for css, _ in draw([span(110.0, 120.0)]).paths} == set()


def test_a_lane_of_more_than_rows_have_room_for_shows_how_many_there_were_and_each_failure() -> None:
    spans = [span(110.0 + n / 1000, 120.0) for n in range(MOST_ROWS + 5)]
    quiet = span(150.0, 160.0, runner="s")
    picture = draw([*spans, span(110.5, 110.5, S.FAILED), span(100.0, 150.0, S.PENDING), quiet])
    lane, other = picture.lanes
    assert (lane.rows, lane.left_out, lane.boxes) == (ROWS, 7, [])
    # The other one stays as it was.
    assert [box.span for box in other.boxes] == [quiet]
    outlines = dict(picture.paths)
    assert list(outlines) == ["st-pending", "st-running", RAIL]
    (tick,) = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)H", outlines[RAIL])
    x, y, width, height = map(int, tick)
    assert x <= LABELS + 0.105 * (WIDTH - LABELS) <= x + width
    assert min(width, height) >= 2
    assert lane.y <= y < lane.y + lane.height
    # No column is higher than its lane, nor less than what can be seen.
    for column in re.findall(r"M\d+ (\d+)h\d+v(\d+)H", outlines["st-running"]):
        top, high = map(int, column)
        assert lane.y < top
        assert top + high <= lane.y + lane.height
        assert high >= 2


def test_pictures_have_no_more_nodes_than_browsers_like() -> None:
    for lane_count in (1, RICH_LANES, RICH_LANES + 1, MOST_LANES):
        for bars in (1, 100, 300, 460, SINGLE, 10_000):
            room = room_for(lane_count, bars, SINGLE)
            if room.is_single:
                each = 3 if room.has_titles else 2
                lane_nodes = lane_count * (9 if room.has_rich_lanes else 3)
                assert PAGE + lane_nodes + each * bars + room.names <= MOST_SINGLE
    assert room_for(1, 100, SINGLE, headings=2, gaps=5).names == room_for(1, 100, SINGLE).names - 3 * 7
    assert not room_for(1, SINGLE + 1, SINGLE).is_single
    assert room_for(1, 250, SINGLE).has_titles
    assert not room_for(1, 400, SINGLE).has_titles
    assert room_for(1, 500, SINGLE).is_single
    # Of many that are as wide those have names that there is room for.
    wide = [span(100.0 + 10 * n, 110.0 + 10 * n, runner=f"r{k}") for n in range(10) for k in range(30)]
    picture = draw(wide)
    named = [box for lane in picture.lanes for box in lane.boxes if box.width >= picture.named_from]
    assert picture.is_single
    assert len(named) <= picture.room.names


def test_ten_thousand_bars_are_few_nodes_and_failures_come_last() -> None:
    spans = [
        span(100.0 + n / 100, 100.0 + n / 100 + 0.005, S.FAILED if n == 5000 else S.SUCCESS, f"r{n % 100}")
        for n in range(10_000)
    ]
    picture = draw(spans)
    assert not picture.is_single
    assert [css for css, _ in picture.paths] == ["st-success", "st-failed", RAIL]
    # However short it was.
    (width,) = re.findall(r"h(\d+)v", picture.paths[-1][1])
    assert int(width) >= 2
    assert sum(len(outline) for _, outline in picture.paths) < 350 * 1024
    # A failure stands out whatever the colours are for.
    by_task = draw(spans, colour_by=ColourBy.TASK)
    assert [css for css, _ in by_task.paths] == ["hue-1", RAIL]


def test_lanes_are_limited_and_a_few_bars_are_drawn_one_by_one() -> None:
    one_each = [span(110.0, 120.0, runner=f"r{n:03d}") for n in range(MOST_LANES + 3)]
    picture = draw(one_each)
    assert (len(picture.lanes), picture.left_out) == (MOST_LANES, 3)
    assert picture.is_single
    assert not draw([*one_each, *(span(130.0, 140.0, runner=one.runner_id) for one in one_each)]).is_single
    assert draw([span(110.0, 120.0, runner=f"r{n:03d}") for n in range(100)]).is_single
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


def test_what_each_was_has_a_colour_whatever_came_of_it() -> None:
    spans = [span(100.0, 110.0, S.FAILED), span(110.0, 120.0, S.PENDING), span(120.0, 130.0)]
    paint = paint_by(ColourBy.STATUS, spans, {}, 200.0)
    assert [paint.css_of(one) for one in spans] == ["st-running", "st-pending", "st-running"]
    assert [shade.css for shade in paint.shades or ()] == ["st-pending", "st-running"]


def test_attempts_have_colours_in_their_order() -> None:
    spans = [span(100.0, 110.0)._replace(attempt=n) for n in (1, 2, 3, 4, 9)]
    record = InvocationRecord(
        invocation_id=InvocationId("100.0"),
        task_id="a.b",
        args_id="x",
        status=S.SUCCESS,
        seq=1,
        status_at=0.0,
        root_id=InvocationId("100.0"),
        created_at=0.0,
        available_at=0.0,
        retries=1,
    )
    paint = paint_by(ColourBy.ATTEMPT, spans, {record.invocation_id: record}, 200.0)
    assert [paint.css_of(one)[-1] for one in spans] == ["1", "2", "3", "4", "4"]
    # Where its history was not looked at, the record tells the last one.
    assert paint.css_of(span(100.0, 110.0)) == "pace-2"


def test_bars_that_do_not_end_in_the_picture_say_so() -> None:
    spans = [span(50.0, 120.0), span(150.0, None), span(130.0, 140.0)]
    assert [css for css, _ in draw(spans).paths] == [OPEN, TORN]
    many = draw([*spans, *(span(100.0 + n / 9, 100.05 + n / 9) for n in range(SINGLE + 1))])
    assert not many.is_single
    assert {OPEN, TORN} <= {css for css, _ in many.paths}
    # Hardly wide enough to be seen.
    assert cuts_of(span(150.0, None), WIDTH - 1.5, 1.5, 30, 14, is_torn=False) == {}


@pytest.mark.parametrize("status", [*HATCHES, S.KILLED, S.RESUMED])
def test_a_status_is_told_by_more_than_its_colour(status: S) -> None:
    one = span(110.0, 120.0, status)
    for picture in (draw([one]), draw([one], colour_by=ColourBy.TASK), draw([one, *wide_apart()])):
        cuts = {css for css, _ in picture.paths} & {TORN, *HATCHES.values()}
        assert cuts == {HATCHES.get(status, TORN)}
    assert {css for css, _ in draw([span(110.0, 120.0)]).paths} == set()


def wide_apart() -> list[Span]:
    return [span(130.0 + n / 10, 130.01 + n / 10) for n in range(SINGLE + 1)]


def test_lanes_are_pinned_folded_and_left_out() -> None:
    spans = [span(110.0 + n, 130.0, runner=f"r{n}") for n in range(5) for _ in range(3)]
    groups = arranged(
        grouped(LanesBy.RUNNER, spans, {}, {}),
        Arrangement(frozenset({"r3", "gone"}), frozenset({"r3", "r4"}), 2),
    )
    picture = lanes.draw(groups, Axis(WINDOW))
    assert [lane.label.key for lane in picture.lanes] == ["r3", "r2", "r4"]
    assert [(lane.is_pinned, lane.is_folded, lane.rows) for lane in picture.lanes] == [
        (True, True, 1),
        (False, False, 3),
        (False, True, 1),
    ]
    # Nothing is missing from a folded lane, it is drawn above each other.
    assert [len(lane.boxes) for lane in picture.lanes] == [3, 3, 3]
    crowd = [span(110.0, 130.0) for _ in range(MOST_ROWS + 5)]
    # Nor is that of one with more than rows have room for.
    (lane,) = lanes.draw([Group(Label("r", "r"), crowd, is_folded=True)], Axis(WINDOW)).lanes
    assert (len(lane.boxes), lane.left_out) == (MOST_ROWS + 5, 0)


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
    assert totals.busy_percent(WINDOW) == 100.0
    apart = totals_of([span(110.0, 120.0), span(115.0, 130.0), span(150.0, 160.0)], WINDOW)
    assert apart.busy_percent(WINDOW) == pytest.approx(30.0)


def test_what_only_touches_because_it_is_short_shares_a_row() -> None:
    (lane,) = draw([span(110.0 + n / 1000, 110.0005 + n / 1000) for n in range(MOST_ROWS + 5)]).lanes
    assert (lane.rows, lane.left_out, len(lane.boxes)) == (1, 0, MOST_ROWS + 5)


def test_what_happened_to_what_is_drawn_one_by_one_has_points() -> None:
    tried = span(110.0, 120.0, S.RETRY)._replace(around=Around(S.RETRY, 104.0))
    again = tried._replace(begin=130.0, end=140.0, status=S.SUCCESS, around=Around(S.SUCCESS, 104.0))
    lost = span(150.0, 160.0, S.PENDING_RECOVERY)._replace(around=Around(S.PENDING_RECOVERY, 50.0))

    def marks(spans: list[Span], by: LanesBy, *, has_points: bool = True) -> dict[str, str]:
        picture = lanes.draw(grouped(by, spans, {}, {}), Axis(WINDOW), has_points=has_points)
        return {css: path for css, path in picture.paths if css == AGAIN or css.startswith("point ")}

    found = marks([tried, again, lost], LanesBy.RUNNER)
    assert set(found) == {"point st-retry", "point st-pending-recovery", AGAIN}
    # Different ones have different shapes, and each is at the end of its bar.
    shapes = {path.partition("m")[2] for css, path in found.items() if css != AGAIN}
    assert len(shapes) == 2
    axis = Axis(WINDOW)
    assert found["point st-retry"].startswith(f"M{axis.x_of(120.0):.1f} ")
    assert found[AGAIN].startswith(f"M{axis.x_of(120.0):.1f} ")
    assert f"L{axis.x_of(130.0)}" in found[AGAIN]
    # On a lane of its own there is room for when somebody asked for it, if that was in the window.
    own = marks([tried, again, lost], LanesBy.INVOCATION)
    assert own["point st-registered"].count("M") == 1
    assert own["point st-registered"].startswith(f"M{axis.x_of(104.0):.1f} ")
    assert marks([tried, again, lost], LanesBy.INVOCATION, has_points=False) == {}


def test_the_same_task_and_outcome_is_one_bar_as_long_as_nothing_is_between() -> None:
    loop = [span(110.0 + n, 110.5 + n) for n in range(10)]
    other, bad = span(112.0, 113.0, task="a.c"), span(114.0, 114.5, S.FAILED)
    late = span(150.0, 151.0)
    found = identical([*loop, other, bad, late], WINDOW)
    assert [(one.begin, one.end, one.number) for one in found] == [
        (110.0, 119.5, 10),
        (112.0, 113.0, 1),
        (114.0, 114.5, 1),
        (150.0, 151.0, 1),
    ]
    assert found[1:] == [other, bad, late]
    # What goes on has no end, whatever else there is.
    assert identical([span(110.0, None, S.RUNNING), span(111.0, None, S.RUNNING)], WINDOW)[0].end is None


def test_lines_of_a_table_are_sorted() -> None:
    spans = [
        span(130.0, 131.0, S.SUCCESS, "r2", "a.a"),
        span(110.0, 115.0, S.FAILED, "r1", "a.c"),
        span(120.0, None, S.RUNNING, "r3", "a.b"),
    ]
    orders = {by: [int(one.begin) for one in lines_of(spans, by, 200.0)] for by in SortBy}
    assert orders == {
        SortBy.STATUS: [110, 120, 130],
        SortBy.TASK: [130, 120, 110],
        SortBy.RUNNER: [110, 130, 120],
        SortBy.BEGIN: [110, 120, 130],
        SortBy.LENGTH: [120, 110, 130],
    }


def test_what_waits_for_another_attempt_shares_a_row_and_leaves_its_lane_free() -> None:
    waits = [span(110.0 + n, None, S.RETRY) for n in range(MOST_ROWS + 5)]
    work = span(120.0, 130.0)
    (lane,) = draw([*waits, work]).lanes
    assert (lane.rows, lane.left_out) == (2, 0)
    rows = {box.span.status: box.y for box in lane.boxes}
    assert rows[S.RETRY] > rows[S.SUCCESS]
    boxes = [box for box in lane.boxes if box.span.status is S.RETRY]
    assert len({box.y for box in boxes}) == 1
    assert [box.x + box.width for box in boxes] == pytest.approx(
        [*(box.x for box in boxes[1:]), WIDTH], abs=0.2
    )
    (alone,) = draw(waits).lanes
    assert alone.rows == 1
    # In one row nothing that was at work is behind what waits.
    groups = grouped(LanesBy.RUNNER, [*waits, work], {}, {})
    (folded,) = lanes.draw(arranged(groups, Arrangement(folds=frozenset("r"))), Axis(WINDOW)).lanes
    assert folded.rows == 1
    assert folded.boxes[-1].span == work
    # Dots say that they go on.
    assert OPEN not in dict(draw([*waits, work]).paths)
    # Where bars are in one piece, an attempt that is to be repeated is none that waits.
    many = [span(100.0 + n / 10, 100.05 + n / 10) for n in range(SINGLE)]
    picture = draw([*many, waits[0], span(105.0, 110.0, S.RETRY)])
    assert not picture.is_single
    assert {"st-retry", "st-retry wait dotted"} <= dict(picture.paths).keys()


def test_what_waits_for_another_attempt_is_no_work_and_not_the_same_as_one() -> None:
    attempt, wait = span(110.0, 120.0, S.RETRY), span(120.0, None, S.RETRY)
    assert totals_of([attempt, wait], WINDOW).busy == 10.0
    assert identical([attempt, wait], WINDOW) == [attempt, wait]
