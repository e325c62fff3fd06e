from __future__ import annotations

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished
from pynenc.values.status import InvocationStatus
from pynmon.charts import HEIGHT, bars_of
from pynmon.ended import Histogram
from pynmon.statistics import BOUNDS, Spread, buckets, figures, figures_by_task, histogram, slow_runs, spread

S = InvocationStatus


def row(
    end: float, status: S = S.SUCCESS, run: float | None = 1.0, wait: float = 0.5, task: str = "a.b"
) -> Finished:
    started = None if run is None else end - run
    available = end - (run or 0.0) - wait
    return Finished(end, status, task, InvocationId(f"i{end}"), None, started, available)


def test_percentiles_are_values_that_occurred() -> None:
    assert spread([]) == Spread()
    assert spread([3.0]) == Spread(3.0, 3.0, 3.0, 3.0)
    assert spread([float(n) for n in range(100)]) == Spread(50.0, 95.0, 99.0, 99.0)


def test_figures_leave_out_what_never_started() -> None:
    found = figures([row(10), row(20, S.FAILED, run=3.0), row(30, S.CANCELLED, run=None)])
    assert (found.total, found.succeeded, found.failed, found.last_end) == (3, 1, 1, 30)
    assert found.run.longest == 3.0
    assert found.wait.p50 == 0.5


def test_a_clock_that_went_back_gives_no_negative_wait() -> None:
    assert figures([row(10, wait=-5.0)]).wait.longest == 0.0


def test_what_is_slow_is_known_of_tasks_that_ran_often_enough() -> None:
    often = [row(100, run=0.1 * n) for n in range(20)]
    assert slow_runs([*often, *(row(100, task="a.seldom") for _ in range(19))]) == {"a.b": pytest.approx(1.9)}
    assert slow_runs(row(100, run=None) for _ in range(50)) == {}


def test_each_task_has_figures_of_its_own() -> None:
    found = figures_by_task([row(10), row(11, task="a.c"), row(12, S.FAILED, task="a.c")])
    assert {task: (one.total, one.failed) for task, one in found.items()} == {"a.b": (1, 0), "a.c": (2, 1)}


def test_buckets_cover_the_window_and_nothing_else() -> None:
    found = buckets([row(0), row(9.99, S.FAILED), row(10), row(-1), row(5, S.CANCELLED)], 0.0, 10.0, 2)
    assert [(one.begin, one.succeeded, one.failed, one.other) for one in found] == [
        (0.0, 1, 0, 0),
        (5.0, 0, 1, 1),
    ]


def test_every_duration_has_its_place() -> None:
    counts = histogram([0.0, *BOUNDS, 1e9])
    assert sum(counts) == len(BOUNDS) + 2
    assert counts[0] == 1
    assert counts[-1] == 2


def test_one_failure_among_a_million_can_be_seen() -> None:
    chart = bars_of([(0.0, (("good", 1_000_000), ("bad", 1))), (1.0, (("good", 0), ("bad", 0)))])
    bad = chart.bars[0].parts[-1]
    assert bad.css == "bad"
    assert bad.height >= 2.0
    assert bad.y >= 0.0
    assert chart.bars[0].parts[0].y + chart.bars[0].parts[0].height == HEIGHT
    assert chart.bars[1].parts == ()
    assert bars_of([]).bars == ()


def test_percentiles_are_estimated_within_the_bounds_of_a_histogram() -> None:
    counted = Histogram()
    assert counted.percentile(0.5) is None
    for seconds in [0.002] * 8 + [0.02] * 2:
        counted.add(seconds)
    assert counted.number == 10
    assert counted.percentile(0.5) == pytest.approx(0.00225)
    assert counted.percentile(0.95) == pytest.approx(0.025)
    counted.add(1e9)
    assert counted.percentile(1.0) == BOUNDS[-1]
