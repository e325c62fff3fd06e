"""Geometry of the small charts; templates draw it, so that everything in them is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT, WIDTH = 96, 720
#: So high is a part that is not nothing, however small: failures never vanish among many.
_LEAST = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """One rectangle."""

    css: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
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
    width: int = WIDTH
    height: int = HEIGHT

    def outlines(self) -> list[tuple[str, str]]:
        """The parts of each kind as one path: its class and its outline."""
        found: dict[str, list[str]] = {}
        for bar in self.bars:
            for part in bar.parts:
                found.setdefault(part.css, []).append(
                    f"M{part.x} {part.y}h{part.width}v{part.height}h-{part.width}z"
                )
        return [(css, "".join(parts)) for css, parts in found.items()]


def bars_of(columns: Sequence[tuple[float, Sequence[tuple[str, int]]]]) -> Bars:
    """Stacks from below, the last kind of each column, which is failures, on top."""
    highest = max((sum(n for _, n in kinds) for _, kinds in columns), default=0)
    step = WIDTH / max(1, len(columns))
    bars = []
    for at, (begin, kinds) in enumerate(columns):
        parts, top = [], float(HEIGHT)
        for css, n in kinds:
            if n:
                size = max(_LEAST, n / highest * (HEIGHT - 4))
                top -= size
                parts.append(
                    Part(css, round(at * step, 1), round(top, 1), round(step - 2, 1), round(size, 1))
                )
        total = sum(n for _, n in kinds)
        bars.append(Bar(begin, total, kinds[-1][1], round(at * step, 1), round(step, 1), tuple(parts)))
    return Bars(tuple(bars), highest)
