"""When a runner beat, and when it was silent, as a strip of the last while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pynenc.values.notes import Period
from pynenc.values.runners import RunnerRecord
from pynmon.health import Rhythm
from pynmon.presentation.texts import duration, plural

#: What a strip shows.
STRIP_SECONDS = 1800.0
WIDTH, HEIGHT = 300, 12


@dataclass(frozen=True, slots=True)
class Strip:
    """From the left, which is half an hour ago, to the right, which is now."""

    #: Outlines of the stretches in which it beat, and of those in which it lived and did not.
    beats: str
    #: A silence differs in its height, too.
    gaps: str
    #: The same in words.
    text: str
    width: int = WIDTH
    height: int = HEIGHT


def silences_of(runner: RunnerRecord, gaps: Sequence[Period], rhythm: Rhythm, now: float) -> list[Period]:
    """When it did not beat although nobody had said that it ended, oldest first.

    Args:
        runner: Itself.
        gaps: Those that it, or the supervisor that beats for it, wrote down.
        rhythm: How long a silence is one.
        now: By the store's clock.
    """
    found = [one for one in gaps if one.until is not None and one.until > runner.started_at]
    # Of one that was found to be lost it lasted until then; since then there is no runner.
    end = now if runner.stopped_at is None else runner.stopped_at
    if rhythm.is_late(end - runner.last_beat_at):
        found.append(Period(runner.last_beat_at, runner.stopped_at))
    return found


def strip_of(runner: RunnerRecord, silences: Sequence[Period], now: float) -> Strip:
    """The last half hour of a runner."""
    since = now - STRIP_SECONDS
    end = now if runner.stopped_at is None else runner.stopped_at

    def place(begin: float, until: float) -> tuple[float, float] | None:
        begin, until = max(begin, since, runner.started_at), min(until, end)
        if until <= begin:
            return None
        # Nothing is too short to be seen.
        width = max(1.5, (until - begin) / STRIP_SECONDS * WIDTH)
        return round(min((begin - since) / STRIP_SECONDS * WIDTH, WIDTH - width), 1), round(width, 1)

    beats: list[tuple[float, float] | None] = []
    at = runner.started_at
    for one in silences:
        beats.append(place(at, one.since))
        at = max(at, now if one.until is None else one.until)
    beats.append(place(at, end))
    within = [
        (one, spot) for one in silences if (spot := place(one.since, now if one.until is None else one.until))
    ]
    text = f"within {STRIP_SECONDS / 60:g} m: "
    if within:
        longest = max((now if one.until is None else one.until) - one.since for one, _ in within)
        text += (
            plural(len(within), "silence")
            + (", the longest of " if len(within) > 1 else " of ")
            + duration(longest)
        )
    else:
        text += "no silence" if any(beats) else "not there"
    third = HEIGHT / 3
    return Strip(
        "".join(_outline(spot, third, third) for spot in beats if spot),
        "".join(_outline(spot, 0, HEIGHT) for _, spot in within),
        text,
    )


def _outline(spot: tuple[float, float], y: float, height: float) -> str:
    x, width = spot
    return f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z"
