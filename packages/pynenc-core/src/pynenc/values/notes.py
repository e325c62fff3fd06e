"""What runners write down about themselves, for people: nothing is decided by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Period(NamedTuple):
    """A stretch of time by the store's clock."""

    since: float
    #: None while it goes on, as far as it was written down.
    until: float | None


class Given(NamedTuple):
    """A setting that somebody gave; secrets are masked."""

    value: str
    #: Where it came from.
    origin: str


@dataclass(frozen=True, slots=True)
class KnownTask:
    """A task as the code of a runner declares it."""

    #: Where it is defined.
    place: str
    #: Names of its parameters.
    arguments: tuple[str, ...]
    #: Its options that are not at their defaults.
    options: Mapping[str, Given]


@dataclass(frozen=True, slots=True)
class KnownCode:
    """What a runner has loaded."""

    #: Of the framework.
    version: str
    #: Of the runner itself, those that are not at their defaults.
    settings: Mapping[str, Given]
    tasks: Mapping[str, KnownTask]


@dataclass(frozen=True, slots=True)
class RunnerNotes:
    """All that one runner wrote down."""

    code: KnownCode | None = None
    #: When it did not beat although it lived, by what it found in the store afterwards; the latest ones.
    gaps: tuple[Period, ...] = ()
    #: When it was the one that puts right what dead ones leave behind; the latest times.
    terms: tuple[Period, ...] = ()
