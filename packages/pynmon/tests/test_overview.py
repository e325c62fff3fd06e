from __future__ import annotations

import re

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.status import InvocationStatus
from pynmon.timeline.axis import LABELS, WIDTH
from pynmon.timeline.density import PARTS, draw
from pynmon.timeline.overview import HEIGHT, Overview, overview_of, overview_of_density
from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window

S = InvocationStatus
WINDOW = Window(1e9, 1e9 + PARTS, follows=False)  # columns of a second
STEP = (WIDTH - LABELS) / PARTS


def span(begin: float, end: float | None, status: S = S.SUCCESS) -> Span:
    return Span(
        InvocationId(f"{begin}"),
        "a.b",
        "r",
        WINDOW.since + begin,
        None if end is None else WINDOW.since + end,
        status,
    )


def heights(overview: Overview) -> dict[int, int]:
    """By column, of those in which anything was at work."""
    found = re.findall(r"M(\d+) (\d+)h", overview.busy)
    return {round((int(x) - LABELS) / STEP): HEIGHT - int(y) for x, y in found}


def test_a_column_is_as_high_as_much_was_at_work() -> None:
    high = heights(overview_of([span(10, 14), span(12, 13), span(12.0, 12.5)], WINDOW))
    assert set(high) == {10, 11, 12, 13}
    assert high[10] == high[11] == high[13]
    assert high[12] == pytest.approx(2.5 * high[10], abs=2)


def test_what_is_not_all_in_the_window_counts_as_far_as_it_is() -> None:
    high = heights(overview_of([span(-50, 2), span(PARTS - 2, None), span(PARTS - 1, PARTS + 50)], WINDOW))
    assert set(high) == {0, 1, PARTS - 2, PARTS - 1}
    # However short, it is seen.
    assert set(heights(overview_of([span(5, 5.0001), span(50, 60)], WINDOW))) == {5, *range(50, 60)}


def test_a_failure_has_a_mark_however_much_went_well() -> None:
    spans = [span(n / 100, n / 100 + 0.005) for n in range(100 * PARTS)]
    assert overview_of(spans, WINDOW).failed == ""
    overview = overview_of([*spans, span(7.2, 7.4, S.FAILED), span(-1.0, -0.5, S.FAILED)], WINDOW)
    assert overview.failed.startswith(f"M{round(LABELS + 7 * STEP)} 0h")
    assert overview.failed.count("M") == 1


def test_columns_of_density_are_those_of_the_strip() -> None:
    failed = [0] * PARTS
    failed[7] = 3
    busy = {"r1": [float(at == 9) for at in range(PARTS)]}
    overview = overview_of_density(draw(failed, busy, {}, WINDOW), WINDOW)
    assert set(heights(overview)) == {9}
    assert overview.failed.startswith(f"M{round(LABELS + 7 * STEP)} 0h")


def test_all_of_the_window_can_be_chosen() -> None:
    choices = overview_of([span(1, 2)], WINDOW).choices
    assert (choices[0].begin, choices[-1].end) == (WINDOW.since, WINDOW.until)
    assert choices[0].x == LABELS
    assert choices[-1].x + choices[-1].width == pytest.approx(WIDTH, abs=0.5)
