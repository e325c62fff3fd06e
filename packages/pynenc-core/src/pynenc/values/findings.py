"""What a store says about its server when somebody asks whether all is well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How much a finding matters."""

    #: As it should be.
    OK = "ok"
    #: Something may be lost or slow one day.
    WARNING = "warning"
    #: It does not work.
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about a server, and what to do about it."""

    level: Level
    #: What was found, without secrets.
    text: str
    remedy: str = ""


#: Rows of one kind that are counted where nobody maintains their number.
MOST_COUNTED = 10_000


class Size(NamedTuple):
    """How much of one kind a store keeps."""

    name: str
    #: Of this app; None where there are none.
    rows: int | None = None
    #: Of all apps in the same place; None where that is not known.
    bytes: int | None = None
    #: Whether there are more rows than were counted.
    is_more: bool = False


def counted(name: str, rows: int, size_bytes: int | None = None) -> Size:
    """What was counted up to one more than ``MOST_COUNTED``."""
    return Size(name, min(rows, MOST_COUNTED), size_bytes, rows > MOST_COUNTED)
