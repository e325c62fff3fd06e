"""Pages of log lines: every line is on one of them, wherever somebody comes from."""

from __future__ import annotations

import pytest

from pynmon.log_known import Known
from pynmon.log_lines import LogLine, parse
from pynmon.log_part import MOST_SHOWN, LogPart, part_of, room_beside
from pynmon.log_rows import LogRows
from pynmon.presentation.instants import Instants


def lines_of_lengths(*lengths: int) -> list[LogLine]:
    return parse("\n".join("x" * length for length in lengths))


def weigh(line: LogLine) -> int:
    return len(line.text)


def pages(lines: list[LogLine], most: int) -> list[LogPart]:
    found = [part_of(lines, (), 0, weigh, most)]
    while found[-1].later is not None:
        found.append(part_of(lines, (), found[-1].later, weigh, most))
    return found


def test_a_page_has_as_many_lines_as_there_is_room_for_and_at_least_one() -> None:
    lines = lines_of_lengths(4, 6, 1, 30, 5, 5, 1)
    found = pages(lines, 10)
    numbers = [[line.number for line in page.lines] for page in found]
    assert numbers == [[1, 2], [3], [4], [5, 6], [7]]
    assert [page.first for page in found] == [1, 3, 4, 5, 7]
    assert [page.earlier for page in found] == [None, 0, 2, 3, 4]
    for page, before in zip(found[1:], found, strict=False):
        assert page.earlier is not None
        assert part_of(lines, (), page.earlier, weigh, 10) == before
    # Each line leads to its page; what is after all of them to the last one.
    for page in found:
        assert all(part_of(lines, (), line.number - 1, weigh, 10) == page for line in page.lines)
    assert part_of(lines, (), 1_000, weigh, 10) == found[-1]


def test_however_short_lines_are_a_page_has_no_more_than_browsers_like() -> None:
    lines = lines_of_lengths(*[1] * (MOST_SHOWN + 2))
    assert [len(page.lines) for page in pages(lines, 10**9)] == [MOST_SHOWN, 2]


def test_nothing_is_a_page_of_nothing() -> None:
    lines = parse("INFO it")
    for found in (part_of([], (), 0, weigh, 10), part_of(lines, ("ERROR",), 3, weigh, 10)):
        assert (list(found.lines), found.number, found.earlier, found.later) == ([], 0, None, None)


def test_lines_have_the_room_that_the_field_leaves_but_always_some() -> None:
    assert room_beside("x" * 100_000) - room_beside("\u00e4" * 100_000) == 100_000
    assert room_beside("x" * 5_000_000) == room_beside("x" * 4_000_000) > 100_000


@pytest.mark.parametrize("zone", ["", "Asia/Kathmandu", "relative"])
@pytest.mark.parametrize(
    "text",
    [
        "x",
        "2026-01-31T08:00:00.123Z CRITICAL \"<&'> \u202e\u2028\x00\u00e4\U0001f600",
        "2026-01-31T08:00:00Z ERROR [task:a.b.c invocation:unknown] " + "task:shop.tasks.pay " * 12,
        "Traceback",
    ],
)
def test_no_line_takes_more_than_it_is_said_to(text: str, zone: str) -> None:
    lines = parse(f"2026-01-01T08:00:00Z INFO weeks ago\n{text}\n{text}\n2026-01-01T08:00:00Z INFO back")
    rows = LogRows(
        Known(), lambda name, **parts: f"/{name}s/{next(iter(parts.values()))}", Instants(zone, 1.8e9)
    )
    for line in lines:
        part = LogPart([line], 1, 1, lines[0].at, None, None)
        made = len(rows.rows(part, lines[0].at).encode())
        assert made <= rows.weigh(line) <= made + 60
