"""Log lines as a list: made in Python, because a page has thousands of them."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from pynmon.log_known import Known
from pynmon.log_lines import LogLine
from pynmon.log_part import LogPart
from pynmon.presentation.instants import Instants
from pynmon.presentation.markup import fill, shown
from pynmon.presentation.texts import iso

# Scripts make a link of the number, to what it is called: twice that in each of thousands of lines would be much.
_ROW = '<li class="%s"%s><a class="nr" id="%s">%s</a>%s</li>\n'
_TIMES = ' data-s="%s" data-d="%s"'
_HERE = ' data-here="%s"'
_LINK = '<a href="%s">%s</a>'
_NOTHING = Markup("")
#: Bytes at most of a row without its text, of its times, of that in another zone, and of a link without its address;
#: of times as long as those of lines within some weeks.
_ROW_BYTES, _TIMES_BYTES, _HERE_BYTES, _LINK_BYTES = 105, 44, 44, 15


def line_id(line: LogLine) -> str:
    """The part of an address that leads to a line: when it was written, and its number."""
    return f"l={line.number}" if line.at is None else f"t={iso(line.at)}&l={line.number}"


def elapsed(seconds: float) -> str:
    """``+5.123``, ``+1:05.123``, ``+2:00:05.123``; to the millisecond, with the sign of what is earlier."""
    whole = round(abs(seconds) * 1000)
    sign = "\N{MINUS SIGN}" if seconds < 0 and whole else "+"
    minutes, rest = divmod(whole, 60_000)
    if not minutes:
        return f"{sign}{rest / 1000:.3f}"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{f'{hours}:{minutes:02}' if hours else minutes}:{rest / 1000:06.3f}"


class LogRows:
    """Makes the lines of one page.

    Args:
        known: What the store knows of the names in them.
        url: The address of a page by the name of its route.
        instants: How they are shown.
    """

    def __init__(self, known: Known, url: Callable[..., str], instants: Instants) -> None:
        self._known = known
        self._url = url
        # As they were written they are in UTC, as far as these lines are ours.
        self._instants = instants if instants.choice != "UTC" else None
        self._links: dict[tuple[str, str], str] = {}

    def weigh(self, line: LogLine) -> int:
        """How many bytes it takes at most, without making it."""
        times = (_TIMES_BYTES + (_HERE_BYTES if self._instants else 0)) if line.is_timed else 0
        addresses = [address for one in line.named if (address := self._address(*one))]
        links = sum([_LINK_BYTES + len(one) for one in addresses])
        return _ROW_BYTES + times + links + len(shown(line.text).encode("utf-8", "replace"))

    def rows(self, part: LogPart, start: float | None) -> Markup:
        """The lines of a page.

        Args:
            part: The page.
            start: When the first of all lines was written.
        """
        before, rows = part.at_before, []
        for line in part.lines:
            rows.append(self._row(line, start, before))
            before = before if line.at is None else line.at
        return Markup("".join(rows))

    def _row(self, line: LogLine, start: float | None, before: float | None) -> Markup:
        name = line_id(line)
        css = f"level-{line.level.lower()}{' rest' if line.is_rest else ''}"
        return fill(_ROW, css, self._times(line, start, before), name, line.number, self._text(line))

    def _times(self, line: LogLine, start: float | None, before: float | None) -> Markup:
        if not line.is_timed or line.at is None or start is None:
            return _NOTHING
        delta = "" if before is None else elapsed(line.at - before)
        here = fill(_HERE, self._instants.exact(line.at)) if self._instants else _NOTHING
        return fill(_TIMES, elapsed(line.at - start), delta) + here

    def _text(self, line: LogLine) -> Markup:
        if not line.named:
            return shown(line.text)
        pieces = []
        for part in line.parts:
            address = self._address(part.kind, part.name) if part.kind else ""
            pieces.append(fill(_LINK, address, part.text) if address else shown(part.text))
        return Markup("".join(pieces))

    def _address(self, kind: str, name: str) -> str:
        key = (kind, name)
        if key not in self._links:
            self._links[key] = self._found(kind, name)
        return self._links[key]

    def _found(self, kind: str, name: str) -> str:
        if kind == "task":
            return self._url("task", task_id=name)
        if kind == "invocation":
            record = self._known.by_name.get(name)
            return self._url("invocation", invocation_id=record.invocation_id) if record else ""
        runner = self._known.runners.get(name)
        return self._url("runner", runner_id=runner.identity.runner_id) if runner else ""
