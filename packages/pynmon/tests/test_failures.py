from __future__ import annotations

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Failed
from pynmon.failures import kinds_of


def failed(at: float, fingerprint: str | None = "f1", task: str = "a.b", error: str = "ValueError") -> Failed:
    return Failed(at, task, InvocationId(f"at-{at}"), error, fingerprint)


def test_equal_failures_are_one_kind_and_the_most_frequent_comes_first() -> None:
    rows = [failed(9.0, "f2"), failed(8.0, task="c.d"), failed(7.0), failed(2.0)]
    first, second = kinds_of(rows, 0.0, 10.0, 5)
    assert (first.fingerprint, first.number, first.first_at, first.last_at) == ("f1", 3, 2.0, 8.0)
    assert first.latest == "at-8.0"
    assert first.tasks == (("a.b", 2), ("c.d", 1))
    assert (second.fingerprint, second.number) == ("f2", 1)


def test_failures_without_a_fingerprint_are_told_apart_by_their_exception() -> None:
    rows = [failed(3.0, None), failed(2.0, None, error="OSError"), failed(1.0, None, task="c.d")]
    assert [(kind.error_type, kind.number) for kind in kinds_of(rows, 0.0, 10.0, 5)] == [
        ("ValueError", 2),
        ("OSError", 1),
    ]


def test_a_trend_holds_every_failure() -> None:
    # One is older than the window, because its beginning is a moment old; one is newer.
    (kind,) = kinds_of([failed(10.5), failed(10.0), failed(4.0), failed(-1.0)], 0.0, 10.0, 5)
    assert [bar.total for bar in kind.trend.bars] == [1, 0, 1, 0, 2]
