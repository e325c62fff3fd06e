from __future__ import annotations

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished
from pynenc.values.status import InvocationStatus
from pynmon.charts import HEIGHT, WIDTH, bars_of, lines_of, trend_of
from pynmon.statistics import Bucket, Spread, latencies, queue_ages


def finished(end: float, took: float) -> Finished:
    return Finished(
        end, InvocationStatus.SUCCESS, "a.b", InvocationId("i"), "r", end - took, end - took - 0.5
    )


def test_what_took_how_long_is_known_of_each_part_of_a_window() -> None:
    first, second, third = latencies(
        [finished(10.5, 1.0), finished(10.9, 3.0), finished(12.5, 2.0)], 10.0, 13.0, 3
    )
    assert (first.begin, first.number, first.run.p50, first.run.longest) == (10.0, 2, 3.0, 3.0)
    assert (second.begin, second.number, second.run) == (11.0, 0, Spread())
    assert (third.number, third.wait.p50) == (1, 0.5)


def test_a_line_has_gaps_where_nothing_ended_and_rises_by_tens() -> None:
    spreads = [
        Spread(0.001, 0.01, 0.1, 0.1),
        Spread(0.001, 0.1, 0.1, 0.1),
        Spread(),
        Spread(0.1, 0.1, 0.1, 0.1),
    ]
    lines = lines_of([(float(at), 1, spread) for at, spread in enumerate(spreads)])
    assert [seconds for seconds, _ in lines.grid] == [0.001, 0.01, 0.1]
    low, middle, high = (y for _, y in lines.grid)
    assert (low, high) == (HEIGHT - 1, 1.0)
    assert low - middle == middle - high
    outlines = dict(lines.lines)
    step = WIDTH // 4
    assert outlines["p95"] == f"M0.0 {middle}H{step}.0V{high}H{2 * step}.0M{3 * step}.0 {high}H{4 * step}.0"
    assert len(lines.moments) == 3


def test_nothing_and_what_takes_no_time_are_drawn_too() -> None:
    assert lines_of([]).moments == ()
    assert (
        dict(lines_of([(0.0, 1, Spread(0.0, 0.0, 0.0, 0.0))]).lines)["p50"]
        == f"M0.0 {HEIGHT - 1}.0H{WIDTH}.0"
    )


def test_the_parts_of_one_kind_are_one_path() -> None:
    bars = bars_of([(0.0, (("good", 9), ("bad", 1))), (1.0, (("good", 10), ("bad", 0)))])
    outlines = dict(bars.outlines)
    assert (outlines["good"].count("M"), outlines["bad"].count("M")) == (2, 1)


def test_the_age_of_a_queue_is_that_of_its_oldest() -> None:
    # The first waited from before the window until its second part, the second within the last one; one waits still.
    waits = [(8.0, 11.5), (13.2, 13.7), (13.5, 14.0), (0.0, 9.0)]
    ages = queue_ages(waits, 10.0, 14.0, 4)
    assert ages[0:3] == [3.0, 3.5, None]
    assert ages[3] is not None
    assert abs(ages[3] - 0.5) < 1e-9


def test_the_age_of_a_queue_is_drawn_on_the_scale_of_the_waits() -> None:
    spreads = [(0.0, 1, Spread(0.001, 0.01, 0.01, 0.01)), (1.0, 1, Spread())]
    lines = lines_of(spreads, [0.1, None])
    assert [seconds for seconds, _ in lines.grid] == [0.001, 0.01, 0.1]
    assert dict(lines.lines)["oldest"] == f"M0.0 1.0H{WIDTH // 2}.0"
    assert "oldest" not in dict(lines_of(spreads).lines)


def test_a_trend_stands_on_the_ground_and_shows_whatever_is_not_nothing() -> None:
    trend = trend_of([Bucket(0.0, 100, 1, 0), Bucket(1.0, 100, 0, 0), Bucket(2.0, 0, 0, 0)])
    assert (trend.width, trend.height) == (18, 22)
    failed, succeeded = trend.outlines
    # Failures are behind, so that they are seen above the others.
    assert failed == ("st-failed", "M0 22v-22h6v22h12V22z")
    assert succeeded == ("st-success", "M0 22v-22h12v22h6V22z")
    assert trend_of([Bucket(0.0, 0, 0, 0)]).outlines == ()
