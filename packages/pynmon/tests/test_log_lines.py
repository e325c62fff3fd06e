from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from pynenc.engine.submit import new_id
from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.log_lines import beginnings, lines_of, matching, parse


def record(name: str) -> InvocationRecord:
    return InvocationRecord(
        invocation_id=InvocationId(name),
        task_id="a.b",
        args_id="x",
        status=InvocationStatus.SUCCESS,
        seq=1,
        status_at=0.0,
        root_id=InvocationId(name),
        created_at=0.0,
        available_at=0.0,
    )


def test_references_are_found_wherever_they_are() -> None:
    (line,) = parse(
        "INFO x [runner:r-1234 worker:w-1234 invocation:abcd-1.2 task:shop.tasks.pay] said invocation:efgh."
    )
    assert list(line.names("invocation")) == ["abcd-1.2", "efgh"]
    assert list(line.names("task")) == ["shop.tasks.pay"]
    assert "".join(part.text for part in line.parts) == line.text


def test_a_traceback_belongs_to_the_entry_before_it() -> None:
    lines = parse("ERROR it failed\nTraceback\n  File\nWARN \x1b[33mnext\x1b[0m")
    assert [line.level for line in lines] == ["ERROR", "ERROR", "ERROR", "WARNING"]
    assert lines[3].text == "WARN next"
    assert [line.is_rest for line in lines] == [False, True, True, False]


def test_a_line_says_who_wrote_it() -> None:
    lines = parse(
        "INFO x [runner:r-12 worker:w-12 invocation:abcd task:a.b] calls invocation:efgh\n"
        "INFO x runner:r-12 took invocation:abcd\nINFO x invocation:abcd came from runner:r-12\nINFO x"
    )
    assert [line.context for line in lines] == [
        ("abcd", ["r-12", "w-12"]),
        ("", []),
        ("abcd", []),
        ("", []),
    ]


def test_json_is_shown_as_it_is_for_people() -> None:
    lines = parse('{"text": "INFO [invocation:abcd] it"}\n{"a": 1}\n{broken\n' + "[" * 50_000)
    assert list(lines[0].names("invocation")) == ["abcd"]
    assert lines[1].text == '{"a": 1}'
    assert len(lines) == 4
    (other,) = parse('{"time": "2026-01-31T08:00:00+0100", "level": "WARN", "msg": "disk", "n": 1}')
    assert other.text == "2026-01-31T08:00:00+0100 WARN disk"
    assert (other.level, other.at) == ("WARNING", datetime(2026, 1, 31, 7, tzinfo=UTC).timestamp())


def test_much_text_is_cut() -> None:
    (line,) = parse("x" * 1_000_000)
    assert len(line.text) < 10_000
    assert line.text.endswith("x \u2026 and 996,000 characters more")
    # What one line says may not cost more than many lines.
    (line,) = parse(" ".join(f"invocation:id-{n}" for n in range(1000)))
    assert len([*line.parts]) < 50
    assert "".join(part.text for part in line.parts) == line.text


def test_nothing_in_a_line_makes_two_of_it() -> None:
    forged = "INFO a\u2028ERROR b\x0bERROR c\x85ERROR d\rERROR e\x1cERROR f"
    assert lines_of(f"{forged}\r\nINFO next\n\n") == [forged, "INFO next", ""]
    assert lines_of("") == lines_of("\n") == []
    assert [line.level for line in parse(f"{forged}\nINFO next")] == ["INFO", "INFO"]


def test_json_of_other_programs_says_who_wrote_it() -> None:
    values = {
        "ts": "2026-01-31T08:00:00Z",
        "level": "ERROR",
        "event": "it failed",
        "runner_id": "w-1234",
        "parent_runner_id": "r-1234",
        "invocation_id": "abcd",
        "task_id": "shop.pay",
        "exc_info": "Traceback\n  File",
    }
    (line,) = parse(json.dumps(values))
    assert line.text == (
        "2026-01-31T08:00:00Z ERROR [runner:r-1234 worker:w-1234 invocation:abcd task:shop.pay] it failed\n"
        "Traceback\n  File"
    )
    assert line.context == ("abcd", ["r-1234", "w-1234"])


def test_the_end_of_an_id_is_enough_when_there_is_one() -> None:
    names = ("0198-long-1-aaaa", "0198-long-1-bbbb", "0198-long-2-bbbb", "bbbb")
    records = {name: record(name) for name in names}
    first, second, third, whole = (records[name] for name in names)
    assert matching(
        [
            "aaaa",
            "bbbb",
            "-bbbb",
            "0198-long-2-b",
            "0198-long-1-",
            "0198-long",
            "zzzz",
            "0198-long-1-aaaa-more",
        ],
        records,
    ) == {
        "aaaa": [first],
        "bbbb": [whole],
        "-bbbb": [second, third],
        "0198-long-2-b": [third],
        "0198-long-1-": [],
        "0198-long": [],
        "zzzz": [],
        "0198-long-1-aaaa-more": [],
    }


def test_a_line_has_the_time_of_its_entry() -> None:
    lines = parse(
        "before\n2026-01-31T08:00:00.250+00:00 ERROR it\n  below\n2026-01-31 09:00:00,5 INFO\n9999-99-99T00:00:00 x"
    )
    began = datetime(2026, 1, 31, 8, tzinfo=UTC).timestamp()
    assert [line.at for line in lines] == [None, began + 0.25, began + 0.25, began + 3600.5, began + 3600.5]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T08:00:00Z",
        "2026-01-31 08:00:00 Z",
        "2026-01-31T09:00:00.000000000+01",
        "2026-01-31T09:00:00+0100",
        "2026-01-31 03:00:00,000 -05:00",
        "[2026-01-31 13:30:00+05:30] INFO",
        "shop-worker-1  | 2026-01-31T08:00:00.000+00:00 INFO",
        "\x1b[2m2026-01-31T08:00:00\x1b[0m INFO",
    ],
)
def test_a_time_is_read_with_whatever_offset(text: str) -> None:
    (line,) = parse(f"{text} it")
    assert line.at == datetime(2026, 1, 31, 8, tzinfo=UTC).timestamp()
    assert line.is_timed


def test_an_id_that_is_cut_short_began_shortly_before_it_was_logged() -> None:
    at = 1_769_846_400.0
    line = "2026-01-31T08:00:00+00:00 INFO [invocation:{}] it"
    lines = parse("\n".join(["invocation:early", line.format("abcdefgh"), line.format("abcdefgh")]))
    span = int(at * 1000) >> 16
    assert beginnings(lines, {"abcdefgh", "early"}) == [f"{span:08x}", f"{span - 1:08x}"]
    assert beginnings(lines, {"other"}) == []
    # As the engine makes them.
    before = time.time()
    assert new_id()[:8] in (f"{int(before * 1000) >> 16:08x}", f"{int(time.time() * 1000) >> 16:08x}")
