"""The language of queries: what is written is what is meant, and what is wrong is named."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import (
    AllOf,
    AnyOf,
    Between,
    Like,
    Not,
    NumberField,
    RecordFilter,
    RestsIn,
    TextField,
    matcher_of,
)
from pynenc.values.records import InvocationRecord, Outcome, OutcomeKind
from pynenc.values.status import InvocationStatus as S
from pynmon.query.grammar import Group, Node, QueryError, Term, Value, parse, text_of
from pynmon.query.meaning import QUALIFIERS, Scene, along_indexes, conditions_of

NOW = 1_800_000_000.0
SCENE = Scene(NOW, lambda: ["lost-1"], lambda: {"billing.pay": 2.0, "billing.send": 60.0})
T, N = TextField, NumberField

bare = st.text("abz09.*_>/", min_size=1, max_size=8).filter(lambda text: text != "OR")
values = st.builds(Value, bare) | st.builds(Value, st.text(max_size=12), st.just(True))
terms = st.builds(
    Term,
    st.sampled_from(["", "status", "task", "args.a1", "nobody"]),
    st.lists(values, min_size=1, max_size=2).map(tuple),
    st.booleans(),
)


def groups(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Group]:
    branch = st.lists(nodes, min_size=1, max_size=2).map(tuple)
    return st.builds(Group, st.lists(branch, min_size=1, max_size=2).map(tuple), st.booleans())


# Below the number of terms and of bytes that a query may have.
queries = st.lists(terms | groups(terms), max_size=3).map(tuple) | st.tuples(groups(terms | groups(terms)))


@settings(deadline=None)
@given(queries)
def test_what_is_written_is_read_again(nodes: tuple[Node, ...]) -> None:
    text = text_of(nodes)
    read = parse(text)
    assert read == nodes
    # And each stands where it says, so that it can be taken out.
    assert parse(" ".join(text[node.at : node.end] for node in read)) == nodes


@settings(deadline=None)
@given(st.text('ab:()"\\,-*>. OR\n\0\u202e', max_size=40))
def test_any_text_is_read_or_what_is_wrong_with_it_is_marked(text: str) -> None:
    with suppress(QueryError):
        conditions_of(text, SCENE)
        return
    with pytest.raises(QueryError, match=r".") as caught:
        conditions_of(text, SCENE)
    assert 0 <= caught.value.at < caught.value.end <= len(text)


def meaning(text: str) -> RecordFilter:
    (condition,) = conditions_of(text, SCENE)
    return condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status:failed,retry", RestsIn(frozenset({S.FAILED, S.RETRY}))),
        ("STATUS:Failed", RestsIn(frozenset({S.FAILED}))),
        ("-status:failed", Not(RestsIn(frozenset({S.FAILED})))),
        ("task:billing.*", Like(T.TASK_ID, ("billing.", ""))),
        ('task:"a*b"', Like(T.TASK_ID, ("a*b",))),
        ("module:billing", Like(T.TASK_ID, ("billing.", ""))),
        ("error:KeyError", AnyOf((Like(T.ERROR_TYPE, ("KeyError",)), Like(T.ERROR_TYPE, ("", ".KeyError"))))),
        ("args:custom", Like(T.ARGS_PREVIEW, ("", "custom", ""))),
        ("id:9c2d41aa", AnyOf((Like(T.INVOCATION_ID, ("9c2d41aa", "")), Like(T.INVOCATION_ID, ("", "9c2d41aa"))))),
        ("retries:2", Between(N.RETRIES, 2.0, 2.0)),
        ("retries:>2", Between(N.RETRIES, math.nextafter(2.0, 9.0), None)),
        ("retries:1..3", Between(N.RETRIES, 1.0, 3.0)),
        ("duration:>=5s", Between(N.RUN_SECONDS, 5.0, None)),
        ("wait:500ms..1.5m", Between(N.WAIT_SECONDS, 0.5, 90.0)),
        ("created:1h", Between(N.CREATED_AT, NOW - 3600, None)),
        ("created:<=1h", Between(N.CREATED_AT, NOW - 3600, None)),
        ("created:>=2d", Between(N.CREATED_AT, None, NOW - 172_800)),
        ("ended:1h..2h", Between(N.ENDED_AT, NOW - 7200, NOW - 3600)),
        ("started:>=2027-01-31T08:00", Between(N.STARTED_AT, datetime(2027, 1, 31, 8, tzinfo=UTC).timestamp(), None)),
        ("has:result", Like(T.PREVIEW, ("", ""))),
        ("is:recovered", Between(N.RECOVERIES, 1)),
        ("call:a.b:no_args", AllOf((Like(T.TASK_ID, ("a.b",)), Like(T.ARGS_ID, ("no_args",))))),
        ("(status:failed OR retries:2)", AnyOf((RestsIn(frozenset({S.FAILED})), Between(N.RETRIES, 2.0, 2.0)))),
    ],
)  # fmt: skip
def test_a_term_means_what_the_documentation_says(text: str, expected: RecordFilter) -> None:
    assert meaning(text) == expected


def test_a_day_is_all_of_it() -> None:
    begin = datetime(2026, 1, 31, tzinfo=UTC).timestamp()
    condition = meaning("ended:2026-01-31")
    assert isinstance(condition, Between)
    assert condition.low == begin
    assert condition.high == pytest.approx(begin + 86_400)
    assert condition.high < begin + 86_400


@pytest.mark.parametrize(
    ("text", "marked", "words"),
    [
        ("x stauts:failed y", "stauts:failed", "did you mean 'status'?"),
        ("status:faild", "status:faild", "did you mean 'failed'?"),
        ("-status:zzzzzz", "-status:zzzzzz", "it is one of registered"),
        ("is:stck a", "is:stck", "did you mean 'stuck'?"),
        ("has:errors", "has:errors", "did you mean 'error'?"),
        ("duration:5s", "duration:5s", "write >5s"),
        ("duration:>5", "duration:>5", "write >5s"),
        ("retries:many", "retries:many", "write 2, >2"),
        ("created:yesterday", "created:yesterday", "1h (the last hour)"),
        ("ended:>2026-13-01", "ended:>2026-13-01", "1h (the last hour)"),
        ("call:abc", "call:abc", "a colon"),
        ("http://x", "http://x", "in quotes it is looked for as a text"),
        ("a status: failed", "status:", "without a space"),
        ("a OR b", "OR", "between parentheses"),
        ("a (b", "(", "not closed"),
        ("a) b", ")", "closes nothing"),
        ("a (b OR )", "(b OR )", "nothing stands on one side"),
        ('a "b', '"', "quote is not closed"),
        ("a ,b", ",", "nothing can begin with"),
        ("((((a))))", "(", "at most 3 deep"),
        (" ".join(["a"] * 21), "a", "at most 20 terms"),
        ("a" * 2049, "a" * 2049, "at most 2048 bytes"),
        ("task:a*b*c*d*e*f*g", "task:a*b*c*d*e*f*g", "at most 5 stars"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_marked_with_what_to_write(text: str, marked: str, words: str) -> None:
    with pytest.raises(QueryError, match=re.escape(words)) as caught:
        conditions_of(text, SCENE)
    assert text[caught.value.at : caught.value.end] == marked


def test_every_example_can_be_asked_for() -> None:
    for name, qualifier in QUALIFIERS.items():
        (node,) = parse(qualifier.example)
        assert isinstance(node, Term)
        assert node.name == name
        assert conditions_of(qualifier.example, SCENE)


def asked(text: str) -> RecordQuery:
    return along_indexes(conditions_of(text, SCENE))


def test_what_the_store_has_lists_of_is_asked_for_by_them() -> None:
    root = "0" * 36
    query = asked(f"status:failed,retry task:a.b root:{root} -status:retry is:final")
    assert (query.task_id, query.root_id) == ("a.b", InvocationId(root))
    assert query.statuses == {S.FAILED}
    assert query.where == Not(RestsIn(frozenset({S.RETRY})))
    assert asked("is:stuck").statuses
    assert asked("") == RecordQuery()


def test_what_excludes_itself_is_found_nowhere() -> None:
    query = asked("task:a task:b status:failed status:success")
    assert (query.task_id, query.statuses) == ("a", {S.FAILED})
    assert query.where == AllOf((Like(T.TASK_ID, ("b",)), RestsIn(frozenset({S.SUCCESS}))))


RECORD = InvocationRecord(
    invocation_id=InvocationId("0198-abcd"),
    task_id="shop.pay",
    args_id="x",
    status=S.RUNNING,
    seq=3,
    status_at=NOW,
    root_id=InvocationId("0198-abcd"),
    runner_id="lost-1",  # type: ignore[arg-type]
    created_at=NOW - 60,
    available_at=NOW - 60,
    args_preview='customer_id=42, name="Ann", city="Bonn"',
    outcome=Outcome(OutcomeKind.EXCEPTION, error_type="shop.NoMoneyError", error_msg="no money left"),
)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("args.customer_id:42", True),
        ("args.customer_id:4", False),
        ("args.name:Ann", True),
        ("args.city:Bonn", True),
        ("args.name:An", False),
        ("args.id:42", False),
        ("pay", True),
        ("abcd", True),
        ('"no money"', True),
        ("-money", False),
        ("error:NoMoneyError", True),
        ("error:MoneyError", False),
        ("is:stuck", True),
        ("is:open created:5m", True),
        ("is:open created:>5m", False),
        ("(is:final OR runner:lost) -has:parent", True),
        ("-(is:final OR runner:lost)", False),
        ("is:slow", False),
    ],
)
def test_a_query_finds_what_it_should(text: str, is_found: bool) -> None:
    assert all(matcher_of(one)(RECORD) for one in conditions_of(text, SCENE)) is is_found


def test_slow_is_what_takes_longer_than_nearly_all_of_its_task() -> None:
    def is_slow(task_id: str, status: S, ran: float) -> bool:
        record = replace(
            RECORD,
            task_id=task_id,
            status=status,
            started_at=NOW - ran,
            ended_at=NOW if status.is_final() else None,
        )
        return matcher_of(meaning("is:slow"))(record)

    assert is_slow("billing.pay", S.SUCCESS, 3.0)
    assert is_slow("billing.pay", S.FAILED, 3.0)
    assert is_slow("billing.pay", S.RUNNING, 3.0)
    assert not is_slow("billing.pay", S.SUCCESS, 2.0)
    assert not is_slow("billing.pay", S.RUNNING, 1.0)
    # It has come to its end some time ago.
    assert not is_slow("billing.pay", S.RETRY, 3.0)
    assert not is_slow("billing.send", S.SUCCESS, 3.0)
    assert not is_slow("billing.seldom", S.SUCCESS, 3000.0)
    assert not matcher_of(conditions_of("is:slow", Scene(NOW))[0])(RECORD)
