"""Pasted log text → lines with the references in them; linear in the length of the text, and nothing is kept."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

#: More is not explained at once.
MOST_LINES, MOST_BYTES = 20_000, 5_000_000
#: So long at most is the end of an id, as log lines and pages show it.
SHORT = 12
#: Different references that are looked up.
MOST_REFERENCES = 500
#: References of one line; what a line says after that is text.
_MOST_OF_ONE = 12
#: Of a longer line the beginning is shown, and a longer object is no JSON.
_LONGEST, _LONGEST_JSON = 4_000, 100_000
_R = TypeVar("_R")
_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_REFERENCE = re.compile(r"\b(invocation|runner|worker|task):([A-Za-z0-9_.\-]{4,200})")
#: At the beginning, also behind what containers write before it.
_TIME = re.compile(
    r"(?:\S{1,40} +\| +)?\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?Z| ?[+-]\d\d(?::?\d\d)?)?)"
)
#: What other programs than ours call the parts of a line in JSON.
_TIMES, _LEVELS, _TEXTS, _ERRORS = (
    ("timestamp", "time", "ts"),
    ("severity", "level", "levelname"),
    ("message", "msg", "event"),
    ("exception", "exc_info"),
)
#: And what a line in JSON says of whoever wrote it, as our own lines write it.
_CONTEXT = {
    "parent_runner_id": "runner",
    "runner_id": "runner",
    "invocation_id": "invocation",
    "task_id": "task",
}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
#: Levels of what went wrong.
ERRORS = LEVELS[3:]
_LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\b")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line: plain text, or a reference."""

    text: str
    kind: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line."""

    number: int
    level: str
    #: When it was written, or the entry that it belongs to; None when nothing says so.
    at: float | None
    text: str
    #: Kinds and names of what it refers to.
    named: tuple[tuple[str, str], ...] = ()
    #: Whether it says itself when it was written.
    is_timed: bool = False
    #: Whether nothing in it was understood.
    is_rest: bool = False

    @property
    def parts(self) -> Iterator[Part]:
        """It in pieces; made when they are needed, because there are many lines and few are shown."""
        at = 0
        for found, (kind, name) in zip(_REFERENCE.finditer(self.text), self.named, strict=False):
            if found.start() > at:
                yield Part(self.text[at : found.start()])
            yield Part(found.group(0), kind, name)
            at = found.end()
        if at < len(self.text):
            yield Part(self.text[at:])

    def names(self, kind: str) -> Iterator[str]:
        """What it refers to."""
        return (name for one, name in self.named if one == kind)

    @property
    def context(self) -> tuple[str, list[str]]:
        """The invocation that wrote it, and the runner and worker that it ran on; empty without such a beginning."""
        writers: list[str] = []
        for part in self.parts if self.named else ():
            if part.kind in ("runner", "worker"):
                writers.append(part.name)
            elif part.kind == "invocation":
                return part.name, writers
            elif writers and part.text.strip():
                # Whatever comes later is what the line is about.
                break
        return "", []


def lines_of(text: str) -> list[str]:
    """The lines as they are; nothing in one but its end makes two of it, so that no line can be forged in another."""
    lines = text.replace("\r\n", "\n").removesuffix("\n")
    return lines.split("\n") if lines else []


def parse(text: str) -> list[LogLine]:
    """Each line with its time and level; what follows an entry, such as a traceback, has those of it."""
    lines: list[LogLine] = []
    level, at = "", None
    for number, raw in enumerate(lines_of(text), 1):
        line = _cut(_text_of(_ANSI.sub("", raw)))
        found = _LEVEL.search(line, 0, 120)
        if found:
            level = "WARNING" if found.group(1) == "WARN" else found.group(1)
        own = _time_of(line)
        at = at if own is None else own
        named = tuple((one[1], one[2].rstrip(".")) for one in islice(_REFERENCE.finditer(line), _MOST_OF_ONE))
        lines.append(LogLine(number, level, at, line, named, own is not None, own is None and not found))
    return lines


def _cut(line: str) -> str:
    rest = len(line) - _LONGEST
    return line if rest <= 0 else f"{line[:_LONGEST]} … and {rest:,} characters more"


def _time_of(line: str) -> float | None:
    found = _TIME.match(line)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found.group(1).replace(" ", "T", 1).replace(" ", ""))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _text_of(line: str) -> str:
    """Of a line in JSON what it says to people."""
    if not line.startswith("{") or len(line) > _LONGEST_JSON:
        return line
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(values, dict):
        return line
    text = values.get("text")
    if isinstance(text, str):
        return text
    at, level, said, error = (
        next((str(values[name]) for name in names if values.get(name)), "")
        for names in (_TIMES, _LEVELS, _TEXTS, _ERRORS)
    )
    has_worker = bool(values.get("parent_runner_id"))
    context = [
        f"{'worker' if name == 'runner_id' and has_worker else kind}:{values[name]}"
        for name, kind in _CONTEXT.items()
        if isinstance(values.get(name), str)
    ]
    if not said:
        return line
    return " ".join(filter(None, (at, level, f"[{' '.join(context)}]" if context else "", said))) + (
        f"\n{error}" if error else ""
    )


def references(lines: Sequence[LogLine], kind: str) -> list[str]:
    """What the lines refer to, each once, in order."""
    return list(dict.fromkeys(name for line in lines for name in line.names(kind)))


def beginnings(lines: Sequence[LogLine], names: Collection[str]) -> list[str]:
    """How the ids may begin that these names are the ends of: an id begins with the time of its registration.

    Looked at are the minute or so of the first line that names it, and the one before; in order, each once.
    """
    seen: set[str] = set()
    found: list[str] = []
    for line in lines:
        new = [name for name in line.names("invocation") if name in names and name not in seen]
        seen.update(new)
        if new and line.at is not None and line.at > 0:
            span = int(line.at * 1000) >> 16
            found += [f"{span:08x}", f"{span - 1:08x}"]
    return list(dict.fromkeys(found))


def matching(names: Collection[str], by_id: Mapping[str, _R]) -> dict[str, list[_R]]:
    """By name, those whose id is so, ends so, or, for a longer name, begins so; the first way that finds any."""
    tails: dict[str, list[_R]] = defaultdict(list)
    heads: dict[str, list[_R]] = defaultdict(list)
    for length in {len(name) for name in names}:
        for key, value in by_id.items():
            if len(key) >= length:
                tails[key[-length:]].append(value)
                if length > SHORT:
                    heads[key[:length]].append(value)
    return {
        name: [by_id[name]] if name in by_id else tails.get(name) or heads.get(name) or [] for name in names
    }
