from __future__ import annotations

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.log_lines import MOST_LINES, match, parse, references


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
    assert "".join(part.text for part in line.parts).startswith("INFO x [runner:r-1234 worker")


def test_a_traceback_belongs_to_the_entry_before_it() -> None:
    lines = parse("ERROR it failed\nTraceback\n  File\nWARN \x1b[33mnext\x1b[0m")
    assert [line.level for line in lines] == ["ERROR", "ERROR", "ERROR", "WARNING"]
    assert lines[3].parts[0].text == "WARN next"


def test_json_is_shown_as_it_is_for_people() -> None:
    lines = parse('{"text": "INFO [invocation:abcd] it"}\n{"a": 1}\n{broken\n' + "[" * 50_000)
    assert list(lines[0].names("invocation")) == ["abcd"]
    assert lines[1].parts[0].text == '{"a": 1}'
    assert len(lines) == 4


def test_much_text_is_cut() -> None:
    assert len(parse("x\n" * (MOST_LINES + 5))) == MOST_LINES
    assert len(parse("x" * 1_000_000)[0].parts[0].text) < 10_000
    many = "\n".join(f"invocation:id-{n}" for n in range(1000))
    assert len(references(parse(many), "invocation")) == 200


def test_the_beginning_of_an_id_is_enough_when_there_is_one() -> None:
    records = {name: record(name) for name in ("abcd-1", "abcd-2", "efgh-1", "efgh")}
    assert match("abcd-1", records) is records["abcd-1"]
    assert match("abcd", records) is None
    assert match("efgh", records) is records["efgh"]
    assert match("zzzz", records) is None
