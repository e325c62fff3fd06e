"""Geometry of the small charts; templates draw it, so that everything in them is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from pynmon.statistics import Bucket, Spread

HEIGHT, WIDTH = 96, 720
#: So high is a part that is not nothing, however small: failures never vanish among many.
_LEAST = 2.0
#: Of a column in a cell of a table, and of all of it.
_TREND_STEP, _TREND_HEIGHT = 6, 22


class Part(NamedTuple):
    """One rectangle; a tuple, because a list of tasks has thousands."""

    css: str
    x: float
    y: float
    width: float
    height: float


class Bar(NamedTuple):
    """One column, with what its tooltip says."""

    at: float
    total: int
    failed: int
    x: float
    width: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A row of stacked columns."""

    bars: tuple[Bar, ...]
    highest: int
    #: The parts of each kind as one path: its class and its outline.
    outlines: tuple[tuple[str, str], ...]
    width: int = WIDTH
    height: int = HEIGHT


class Trend(NamedTuple):
    """The same without anything to point at, for a cell of a table."""

    outlines: tuple[tuple[str, str], ...]
    width: int
    height: int


class Column(NamedTuple):
    """Where a column leads: to what was registered in its part of the time."""

    #: As a query writes it.
    end: str
    #: The query string of the list of it.
    address: str
    #: Whether that is the present list.
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One part of the time, with what its tooltip says."""

    at: float
    number: int
    spread: Spread
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Lines:
    """Percentiles over time, on a scale on which each step is ten times the one before."""

    #: Name and outline of each; where nothing ended they have gaps.
    lines: tuple[tuple[str, str], ...]
    #: Seconds, and how high they are drawn.
    grid: tuple[tuple[float, float], ...]
    moments: tuple[Moment, ...]
    width: int = WIDTH
    height: int = HEIGHT


_PERCENTILES = ("p50", "p95", "p99")
_OLDEST = "oldest"
#: What is faster is drawn there.
_FASTEST = 0.001


def lines_of(parts: Sequence[tuple[float, int, Spread]], oldest: Sequence[float | None] = ()) -> Lines:
    """Percentiles by part of a window, and on the same scale how old the oldest was.

    Args:
        parts: Where each begins, how many ended in it, and how long they had taken.
        oldest: Of each part; empty for no such line.
    """
    longest = max([spread.p99 or 0.0 for _, _, spread in parts] + [age or 0.0 for age in oldest], default=0.0)
    decades = max(1, math.ceil(math.log10(max(longest, _FASTEST) / _FASTEST)))
    step = WIDTH / max(1, len(parts))

    def y(seconds: float) -> float:
        share = math.log10(max(seconds, _FASTEST) / _FASTEST) / decades
        return round(HEIGHT - 1 - share * (HEIGHT - 2), 1)

    def outline_of(values: Iterable[float | None]) -> str:
        outline, is_open = [], False
        for at, value in enumerate(values):
            if value is not None:
                begin = f"V{y(value)}" if is_open else f"M{round(at * step, 1)} {y(value)}"
                outline.append(f"{begin}H{round((at + 1) * step, 1)}")
            is_open = value is not None
        return "".join(outline)

    lines = [(name, outline_of(getattr(spread, name) for _, _, spread in parts)) for name in _PERCENTILES]
    if oldest:
        lines.append((_OLDEST, outline_of(oldest)))
    grid = tuple((_FASTEST * 10**n, y(_FASTEST * 10**n)) for n in range(decades + 1))
    moments = tuple(
        Moment(begin, number, spread, round(at * step, 1), round(step, 1))
        for at, (begin, number, spread) in enumerate(parts)
        if spread.p50 is not None
    )
    return Lines(tuple(lines), grid, moments)


def throughput(parts: Sequence[Bucket]) -> Bars:
    """What ended in each part of a window."""
    return bars_of(
        [
            (
                part.begin,
                (("st-success", part.succeeded), ("st-cancelled", part.other), ("st-failed", part.failed)),
            )
            for part in parts
        ]
    )


def trend_of(parts: Sequence[Bucket]) -> Trend:
    """What ended in each part of a window, so small that there are no gaps between its columns."""
    highest = max([part.total for part in parts], default=0)
    kinds = [
        ("st-success", [part.succeeded for part in parts]),
        ("st-cancelled", [part.other for part in parts]),
        ("st-failed", [part.failed for part in parts]),
    ]
    below, outlines = [0] * len(parts), []
    for css, numbers in kinds:
        if not any(numbers):
            continue
        # Whatever is not nothing is seen, however small.
        tops = [
            min(_TREND_HEIGHT, base + max(1, round(n / highest * _TREND_HEIGHT))) if n else base
            for base, n in zip(below, numbers, strict=True)
        ]
        steps = [top if n else 0 for top, n in zip(tops, numbers, strict=True)]
        outlines.append((css, _steps(steps)))
        below = tops
    # From the ground each: what is above others is painted first.
    return Trend(tuple(reversed(outlines)), _TREND_STEP * len(parts), _TREND_HEIGHT)


def _steps(heights: Sequence[int]) -> str:
    """An outline that stands on the ground."""
    outline, before = [f"M0 {_TREND_HEIGHT}"], 0
    for height, group in groupby(heights):
        outline.append(f"{f'v{before - height}' if height != before else ''}h{_TREND_STEP * len([*group])}")
        before = height
    return "".join([*outline, f"V{_TREND_HEIGHT}z"])


def usage_of(parts: Sequence[tuple[float, float | None]]) -> Bars:
    """Of the beginning of each part of a window, and of how much of something was used in it: none to all of it."""
    step = WIDTH / max(1, len(parts))
    bars = []
    for at, (begin, share) in enumerate(parts):
        if share is not None:
            size = max(_LEAST, share * HEIGHT) if share else 0.0
            part = Part(
                "st-running",
                round(at * step, 1),
                round(HEIGHT - size, 1),
                round(step - 2, 1),
                round(size, 1),
            )
            bars.append(Bar(begin, round(100 * share), 0, part.x, round(step, 1), (part,) if size else ()))
    return Bars(tuple(bars), 100, _outlines(bars))


def bars_of(columns: Sequence[tuple[float, Sequence[tuple[str, int]]]]) -> Bars:
    """Stacks from below, the last kind of each column, which is failures, on top."""
    totals = [sum([n for _, n in kinds]) for _, kinds in columns]
    highest = max(totals, default=0)
    step = WIDTH / max(1, len(columns))
    wide, narrow = round(step, 1), round(step - 2, 1)
    bars = []
    for at, ((begin, kinds), total) in enumerate(zip(columns, totals, strict=True)):
        x, parts, top = round(at * step, 1), [], float(HEIGHT)
        for css, n in kinds:
            if n:
                size = max(_LEAST, n / highest * (HEIGHT - 4))
                top -= size
                parts.append(Part(css, x, round(top, 1), narrow, round(size, 1)))
        bars.append(Bar(begin, total, kinds[-1][1], x, wide, tuple(parts)))
    return Bars(tuple(bars), highest, _outlines(bars))


def _outlines(bars: Sequence[Bar]) -> tuple[tuple[str, str], ...]:
    found: dict[str, list[str]] = {}
    for bar in bars:
        for css, x, y, width, height in bar.parts:
            found.setdefault(css, []).append(f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z")
    return tuple((css, "".join(parts)) for css, parts in found.items())
