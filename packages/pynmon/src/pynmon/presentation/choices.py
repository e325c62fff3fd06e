"""What somebody chose for all pages in this browser; a cookie says each, so that pages come as they shall look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: By cookie: what may be chosen, and in words. The first one is chosen by nobody, and has no cookie.
CHOICES = {
    "pynmon-theme": {"": "as the system has it", "light": "light", "dark": "dark"},
    "pynmon-rows": {"": "compact", "comfortable": "comfortable"},
    "pynmon-every": {"": "as it happens", "5": "every 5 s", "30": "every 30 s", "60": "every minute"},
    "pynmon-keys": {"": "do something", "no": "do nothing"},
}


@dataclass(frozen=True, slots=True)
class Choices:
    """Each is one of its kind; what is none is nothing."""

    theme: str
    rows: str
    every: str
    keys: str


def choices_of(cookies: Mapping[str, str]) -> Choices:
    """What a browser says was chosen."""
    return Choices(
        *(value if (value := cookies.get(name, "")) in values else "" for name, values in CHOICES.items())
    )
