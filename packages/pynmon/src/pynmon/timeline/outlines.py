"""Rectangles of all lanes as one outline for each colour."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Layer(IntEnum):
    """What is painted over what: nothing hides what is bad."""

    BARS = 0
    BAD = 1
    #: With the colour of the ground.
    CUTS = 2
    MARKS = 3


class Outlines:
    """Collects them."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[Layer, str], list[str]] = {}

    def add(self, css: str, layer: Layer, outline: Iterable[str]) -> None:
        """More of one colour."""
        if pieces := list(outline):
            self._pieces.setdefault((layer, css), []).extend(pieces)

    def paths(self) -> list[tuple[str, str]]:
        """Class and outline of each, in the order in which they are painted."""
        return [(css, "".join(self._pieces[layer, css])) for layer, css in sorted(self._pieces)]
