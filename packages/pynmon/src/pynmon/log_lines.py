"""Pasted log text → lines with the references in them; linear in the length of the text, and nothing is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pynenc.values.records import InvocationRecord

#: More lines are not looked at.
MOST_LINES = 5_000
#: Different references that are looked up.
MOST_REFERENCES = 200
_LONGEST = 4_000
_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_REFERENCE = re.compile(r"\b(invocation|runner|worker|task):([A-Za-z0-9_.\-]{4,200})")
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
    parts: tuple[Part, ...]

    def names(self, kind: str) -> Iterator[str]:
        """What it refers to."""
        return (part.name for part in self.parts if part.kind == kind)


def parse(text: str) -> list[LogLine]:
    """Each line with its level and references; lines that follow an entry, such as tracebacks, have its level."""
    lines: list[LogLine] = []
    level = ""
    for number, raw in enumerate(text.splitlines()[:MOST_LINES], 1):
        line = _text_of(_ANSI.sub("", raw[:_LONGEST]))
        found = _LEVEL.search(line[:80])
        if found:
            level = "WARNING" if found.group(1) == "WARN" else found.group(1)
        lines.append(LogLine(number, level, tuple(_parts_of(line))))
    return lines


def _text_of(line: str) -> str:
    """Of a line in JSON what it says to people."""
    if not line.startswith("{"):
        return line
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return line
    text = values.get("text") if isinstance(values, dict) else None
    return text if isinstance(text, str) else line


def _parts_of(line: str) -> Iterator[Part]:
    at = 0
    for found in _REFERENCE.finditer(line):
        if found.start() > at:
            yield Part(line[at : found.start()])
        yield Part(found.group(0), found.group(1), found.group(2).rstrip("."))
        at = found.end()
    if at < len(line):
        yield Part(line[at:])


def references(lines: list[LogLine], kind: str) -> list[str]:
    """What the lines refer to, each once, in order; at most so many."""
    return list(dict.fromkeys(name for line in lines for name in line.names(kind)))[:MOST_REFERENCES]


def match(name: str, records: Mapping[str, InvocationRecord]) -> InvocationRecord | None:
    """The one invocation whose id is so, or begins so; None when there is none, or more than one."""
    exact = records.get(name)
    if exact is not None:
        return exact
    found = [record for key, record in records.items() if key.startswith(name)]
    return found[0] if len(found) == 1 else None
