from __future__ import annotations

from typing import Any

import pytest

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.monitor import Finished
from pynenc.values.notes import Period, RunnerNotes
from pynenc.values.runners import Lease, RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus as S
from pynmon.beats import silences_of, strip_of
from pynmon.health import Rhythm
from pynmon.leaders import Term, terms_of
from pynmon.work import Work, runs_of, used_seconds, used_shares, work_of

RHYTHM = Rhythm(1.0, 6.0)
NOW = 10_000.0


def runner(name: str, slots: int = 0, parent: str | None = None, **others: Any) -> RunnerRecord:
    identity = RunnerIdentity(
        runner_id=RunnerId(name),
        runner_cls="ThreadRunner",
        host="here",
        pid=1,
        parent_id=None if parent is None else RunnerId(parent),
        slots=slots,
    )
    times = {"started_at": 0.0, "last_beat_at": NOW, **others}
    return RunnerRecord(identity=identity, beats=2, **times)


def ended(on: str, began: float, at: float, status: S = S.SUCCESS) -> Finished:
    return Finished(at, status, "a.b", InvocationId("x"), on, began, began)


@pytest.mark.parametrize(
    ("runs", "slots", "parts", "used"),
    [
        ([(0.0, 10.0)], 1, 1, [10.0]),
        ([(-5.0, 2.5), (5.0, 50.0)], 2, 2, [2.5, 5.0]),
        # Two at a time have one slot: one of them runs in the place of the other.
        ([(0.0, 6.0), (1.0, 5.0)], 1, 2, [5.0, 1.0]),
        ([(0.0, 6.0), (1.0, 5.0)], 2, 1, [10.0]),
        ([(20.0, 30.0), (-9.0, -1.0)], 1, 1, [0.0]),
        ([(0.0, 10.0)], 1, 4, [2.5, 2.5, 2.5, 2.5]),
    ],
)
def test_slots_are_in_use_while_something_runs(
    runs: list[tuple[float, float]], slots: int, parts: int, used: list[float]
) -> None:
    assert used_seconds(runs, slots, 0.0, 10.0, parts) == pytest.approx(used)


def test_a_supervisor_did_what_its_workers_did() -> None:
    rows = [
        ended("w1", NOW - 40, NOW - 10),
        ended("w1", NOW - 400, NOW - 290, S.FAILED),
        ended("w2", NOW - 60, NOW),
    ]
    runners = [
        runner("s"),
        runner("w1", 1, "s"),
        runner("w2", 1, "s", started_at=NOW - 60.0),
        runner("idle", 4),
    ]
    work = work_of(runners, rows, runs_of(rows, [], NOW), NOW - 300, NOW)
    # Of 300 seconds of one worker 40, and all 60 of the other.
    assert work["s"] == Work(3, 1, pytest.approx(100 / 360), 300.0)
    assert work["w2"] == Work(1, 0, 1.0, 60.0)
    assert work["w2"].per_minute == 1.0
    assert work["idle"] == Work(0, 0, 0.0, 300.0)


def test_of_a_time_without_slots_no_share_is_told() -> None:
    one = runner("a", 2, started_at=NOW - 30.0)
    shares = used_shares([one, runner("s")], {"a": [(NOW - 30, NOW - 15)]}, NOW - 60, NOW, 4)
    assert shares == [(NOW - 60, None), (NOW - 45, None), (NOW - 30, 0.5), (NOW - 15, 0.0)]


def test_a_strip_shows_beats_and_silences_of_half_an_hour() -> None:
    gaps = (Period(NOW - 9000, NOW - 8000), Period(NOW - 900, NOW - 600))
    one = runner("a")
    silences = silences_of(one, gaps, RHYTHM, NOW)
    assert silences == list(gaps)
    strip = strip_of(one, silences, NOW)
    assert strip.width == 300
    assert strip.gaps == "M150 0h50v12h-50z"
    assert strip.beats == "M0 4h150v4h-150zM200 4h100v4h-100z"
    assert strip.text == "within 30 m: 1 silence of 5 m 00 s"


def test_who_is_silent_now_is_so_until_now_and_who_was_lost_until_that_was_found() -> None:
    late = runner("a", last_beat_at=NOW - 600)
    (silence,) = silences_of(late, (), RHYTHM, NOW)
    assert silence == Period(NOW - 600, None)
    assert strip_of(late, [silence], NOW).gaps == "M200 0h100v12h-100z"
    lost = runner("a", last_beat_at=NOW - 600, stopped_at=NOW - 594)
    assert silences_of(lost, (), RHYTHM, NOW) == [Period(NOW - 600, NOW - 594)]
    ended_clean = runner("a", last_beat_at=NOW - 600, stopped_at=NOW - 599.5)
    assert silences_of(ended_clean, (), RHYTHM, NOW) == []
    # What lies behind the strip is not in it.
    gone = runner("a", last_beat_at=NOW - 6000, stopped_at=NOW - 5994)
    strip = strip_of(gone, silences_of(gone, (), RHYTHM, NOW), NOW)
    assert (strip.beats, strip.gaps, strip.text) == ("", "", "within 30 m: not there")


def test_who_led_until_when() -> None:
    notes = {
        "a": RunnerNotes(terms=(Period(0.0, 10.0), Period(50.0, None))),
        "b": RunnerNotes(terms=(Period(20.0, None),)),
        "unknown": RunnerNotes(terms=(Period(15.0, None),)),
    }
    runners = {"a": runner("a"), "b": runner("b", last_beat_at=40.0)}
    assert terms_of(notes, runners, Lease("a", NOW + 3), NOW) == [
        Term("a", 50.0, None, is_open=True),
        Term("b", 20.0, 40.0, is_open=False),
        Term("unknown", 15.0, None, is_open=False),
        Term("a", 0.0, 10.0, is_open=False),
    ]
    runners["b"] = runner("b", last_beat_at=60.0)
    assert [one.overlaps for one in terms_of(notes, runners, Lease("a", NOW + 3), NOW)] == [
        False,
        True,
        False,
        False,
    ]
    assert terms_of(notes, runners, Lease("a", NOW - 1), NOW)[0] == Term("a", 50.0, NOW, is_open=False)
