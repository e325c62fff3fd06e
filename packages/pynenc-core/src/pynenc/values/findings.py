"""What a store says about its server when somebody asks whether all is well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
