"""Hosts and runners as headings above the lanes of their workers, each of which can be made one lane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pynmon.timeline.groups import MARK, Group, Label

#: So many find room; with more, lanes say their hosts themselves.
MOST_HEADINGS = 30
#: Nodes of a heading, and of a lane where there are many.
_HEADING, _LANE = 3, 2
#: Height of one. What is below it begins so much further from the edge.
HEIGHT, INDENT = 20, 12
#: Where words begin that are below none.
MARGIN = 6


class Heading(NamedTuple):
    """One of them in a picture."""

    label: Label
    y: int
    #: How far its words are from the edge: below hosts are runners.
    x: int


def collapsed(groups: Iterable[Group], folds: frozenset[str], pins: frozenset[str]) -> list[Group]:
    """Lanes of which those below a folded heading are one, in the place of the first of them.

    Args:
        groups: In the order of their lanes.
        folds: Keys of lanes and headings that are folded.
        pins: Keys of lanes that stay what they are, because they are elsewhere.
    """
    found: dict[str, Group] = {}
    for group in groups:
        at = next((at for at, label in enumerate(group.path) if label.key in folds), None)
        if at is None or group.label.key in pins:
            found[group.label.key] = group
            continue
        label = group.path[at]
        others = found.get(label.key) or Group(label, [], path=group.path[:at], is_folded=True)
        found[label.key] = replace(
            others, spans=[*others.spans, *group.spans], members=(*others.members, *group.keys)
        )
    return list(found.values())


def headed(groups: Sequence[Group]) -> list[Group]:
    """Lanes with the headings that begin above them; what these say, their names do not say again."""
    found: list[Group] = []
    above: tuple[Label, ...] = ()
    for group in groups:
        path = () if group.is_pinned else group.path
        shared = next(
            (at for at, pair in enumerate(zip(above, path, strict=False)) if pair[0] != pair[1]), None
        )
        begins = path[min(len(above), len(path)) if shared is None else shared :]
        word = group.label.word
        if path and not is_heading(group.label.key):
            word = word.removeprefix(f"{path[0].word} ")
            word = word.removeprefix(path[1].word if len(path) > 1 else "")
        found.append(replace(group, label=group.label._replace(word=word), headings=begins, depth=len(path)))
        above = path
    return found if sum(len(one.headings) for one in found) <= MOST_HEADINGS else list(groups)


def fitting(groups: Sequence[Group], most: int) -> int:
    """How many of these lanes find room with their headings, where so many do without any."""
    room = most * _LANE
    for at, group in enumerate(groups):
        room -= _LANE + _HEADING * len(group.headings)
        if room < 0:
            return at
    return len(groups)


def below(y: int, group: Group) -> tuple[list[Heading], int]:
    """The headings of a lane from there on, and where what is below them begins."""
    first = group.depth - len(group.headings)
    headings = [
        Heading(label, y + at * HEIGHT, MARGIN + (first + at) * INDENT)
        for at, label in enumerate(group.headings)
    ]
    return headings, y + len(headings) * HEIGHT


def is_heading(key: str) -> bool:
    """Whether a lane stands for all that is below a heading."""
    return key.startswith(MARK)
