"""Pasted log text → lines with the references in them; linear in the length of the text, and nothing is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

#: More lines are not looked at.
MOST_LINES = 5_000
#: So long at most is the end of an id, as log lines and pages show it.
SHORT = 12
#: Different references that are looked up.
MOST_REFERENCES = 200
_LONGEST = 4_000
_R = TypeVar("_R")
_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_REFERENCE = re.compile(r"\b(invocation|runner|worker|task):([A-Za-z0-9_.\-]{4,200})")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?")
#: What other programs than ours call the parts of a line in JSON.
_TIMES, _LEVELS, _TEXTS = (
    ("timestamp", "time", "ts"),
    ("severity", "level", "levelname"),
    ("message", "msg", "event"),
)
#: Levels of what went wrong.
ERRORS = ("ERROR", "CRITICAL")
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
    parts: tuple[Part, ...]

    def names(self, kind: str) -> Iterator[str]:
        """What it refers to."""
        return (part.name for part in self.parts if part.kind == kind)

    @property
    def context(self) -> tuple[str, list[str]]:
        """The invocation that wrote it, and the runner and worker that it ran on; empty without such a beginning."""
        writers: list[str] = []
        for part in self.parts:
            if part.kind in ("runner", "worker"):
                writers.append(part.name)
            elif part.kind == "invocation":
                return part.name, writers
            elif writers and part.text.strip():
                # Whatever comes later is what the line is about.
                break
        return "", []


def parse(text: str) -> list[LogLine]:
    """Each line with its time, level and references; what follows an entry, such as a traceback, has those of it."""
    lines: list[LogLine] = []
    level, at = "", None
    for number, raw in enumerate(text.splitlines()[:MOST_LINES], 1):
        line = _text_of(_ANSI.sub("", raw[:_LONGEST]))
        found = _LEVEL.search(line[:80])
        if found:
            level = "WARNING" if found.group(1) == "WARN" else found.group(1)
        at = _time_of(line, at)
        lines.append(LogLine(number, level, at, tuple(_parts_of(line))))
    return lines


def _time_of(line: str, before: float | None) -> float | None:
    found = _TIME.match(line)
    if found is None:
        return before
    try:
        at = datetime.fromisoformat(found.group())
    except ValueError:
        return before
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _text_of(line: str) -> str:
    """Of a line in JSON what it says to people."""
    if not line.startswith("{"):
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
    words = [
        next((str(values[name]) for name in names if name in values), "")
        for names in (_TIMES, _LEVELS, _TEXTS)
    ]
    return " ".join(filter(None, words)) if words[2] else line


def _parts_of(line: str) -> Iterator[Part]:
    at = 0
    for found in _REFERENCE.finditer(line):
        if found.start() > at:
            yield Part(line[at : found.start()])
        yield Part(found.group(0), found.group(1), found.group(2).rstrip("."))
        at = found.end()
    if at < len(line):
        yield Part(line[at:])


def references(lines: Sequence[LogLine], kind: str) -> list[str]:
    """What the lines refer to, each once, in order; at most so many."""
    return list(dict.fromkeys(name for line in lines for name in line.names(kind)))[:MOST_REFERENCES]


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


def matching(name: str, by_id: Mapping[str, _R]) -> list[_R]:
    """Those whose id is so, ends so, or, for a longer name, begins so; the first way that finds any."""
    if name in by_id:
        return [by_id[name]]
    for is_like in (str.endswith, str.startswith) if len(name) > SHORT else (str.endswith,):
        found = [value for key, value in by_id.items() if is_like(key, name)]
        if found:
            return found
    return []
