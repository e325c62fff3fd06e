from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import Between, NumberField
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.pages.facets import Asked, Choice, facets_of
from pynmon.query.grammar import parse

S = InvocationStatus
COUNTS = {"a.one": {S.SUCCESS: 7, S.FAILED: 2}, "a.two": {S.SUCCESS: 1}}
ASKED = Asked("duration:>5s", ["failed"], "")


def choices(
    name: str,
    query: RecordQuery,
    records: Sequence[InvocationRecord] = (),
    asked: Asked = ASKED,
) -> dict[str, Choice]:
    facets = {facet.name: facet for facet in facets_of(asked, query, records, COUNTS)}
    return {one.value: one for one in facets[name].choices} if name in facets else {}


def record(runner_id: str | None) -> InvocationRecord:
    return InvocationRecord(
        invocation_id=InvocationId("i"),
        root_id=InvocationId("i"),
        task_id="a.one",
        args_id="",
        status=S.RUNNING,
        seq=1,
        status_at=0.0,
        created_at=0.0,
        available_at=0.0,
        runner_id=RunnerId(runner_id) if runner_id else None,
    )


def test_numbers_that_are_known_are_exact() -> None:
    failed = RecordQuery(statuses=frozenset({S.FAILED}))
    assert {value: one.number for value, one in choices("Task", failed).items()} == {"a.one": 2}
    # What else there is of the task, so that one may change over to it.
    assert {value: one.number for value, one in choices("Status", failed).items()} == {
        "success": 8,
        "failed": 2,
    }
    of_task = RecordQuery(task_id="a.two")
    assert {value: one.number for value, one in choices("Status", of_task).items()} == {"success": 1}


def test_other_numbers_are_of_the_page() -> None:
    query = RecordQuery(where=Between(NumberField.RETRIES, low=1))
    records = [record("r1"), record("r1"), record("r2"), record(None)]
    assert {value: one.number for value, one in choices("Task", query, records).items()} == {"a.one": 4}
    assert {value: one.number for value, one in choices("Runner", query, records).items()} == {
        "r1": 2,
        "r2": 1,
    }
    assert choices("Error", query, records) == {}


def test_a_choice_is_added_to_what_is_asked_and_taken_back() -> None:
    query = RecordQuery(statuses=frozenset({S.FAILED}))
    chosen = choices("Status", query)["failed"]
    assert (chosen.is_chosen, parse_qs(chosen.address)) == (True, {"q": ["duration:>5s"]})
    task = choices("Task", query)["a.one"]
    assert parse_qs(task.address) == {"q": ["duration:>5s"], "status": ["failed"], "task": ["a.one"]}
    hostile = 'r "1" OR status:success'
    runner = choices("Runner", query, [record(hostile)])[hostile]
    (q,) = parse_qs(runner.address)["q"]
    _, term = parse(q)
    assert [value.text for value in term.values] == [hostile]  # type: ignore[union-attr]
    again = choices("Runner", query, [record(hostile)], Asked(q, ["failed"], ""))[hostile]
    assert (again.is_chosen, parse_qs(again.address)["q"]) == (True, ["duration:>5s"])
