"""With which values something was called how often, by what is kept of arguments for people."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: Where an argument begins.
_NAME = re.compile(r"(?:^|, )(\w+)=")
_DECODER = json.JSONDecoder()
#: Arguments that are told, and values of each.
_ARGUMENTS, _VALUES = 8, 3


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of one argument."""

    name: str
    #: Calls that have it.
    number: int
    #: How many values differ.
    different: int
    #: The most frequent ones, of those that several calls have, or the only call.
    values: tuple[tuple[str, int], ...]


def distributions(previews: Iterable[str]) -> list[Distribution]:
    """Of each argument, in the order of the calls.

    Args:
        previews: ``name=value, name=value``, values as they are serialized, each perhaps cut short.
    """
    found: dict[str, Counter[str]] = {}
    for preview in previews:
        for name, value in _arguments(preview):
            found.setdefault(name, Counter())[value] += 1
    return [_distribution(name, values) for name, values in list(found.items())[:_ARGUMENTS]]


def _arguments(preview: str) -> Iterator[tuple[str, str]]:
    at = 0
    while (begin := _NAME.match(preview, at)) is not None:
        at = _end_of_value(preview, begin.end())
        yield begin.group(1), preview[begin.end() : at]


def _end_of_value(preview: str, begin: int) -> int:
    """Behind a whole value; of what is masked or cut short, before what looks like the next argument."""
    try:
        _, end = _DECODER.raw_decode(preview, begin)
    except ValueError:
        end = begin
    if end == len(preview) or (end > begin and _NAME.match(preview, end)):
        return end
    following = _NAME.search(preview, begin)
    return following.start() if following else len(preview)


def _distribution(name: str, values: Counter[str]) -> Distribution:
    number = values.total()
    common = [(value, n) for value, n in values.most_common(_VALUES) if n > 1 or number == 1]
    return Distribution(name, number, len(values), tuple(common))
