from __future__ import annotations

from typing import Any

import pytest

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import Lease, RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.checks import check
from pynmon.health import Check, Evidence, Level, Rhythm, RunnerState
from pynmon.thresholds import Thresholds

S = InvocationStatus
RHYTHM = Rhythm(interval_seconds=1.0, dead_after_seconds=6.0)
NOW = 1000.0


def runner(name: str = "r", beat: float = NOW, beats: int = 2, **fields: Any) -> RunnerRecord:
    parent = fields.pop("parent_id", None)
    identity = RunnerIdentity(
        runner_id=RunnerId(name), runner_cls="ThreadRunner", host="here", pid=1, parent_id=parent
    )
    return RunnerRecord(identity=identity, started_at=0.0, beats=beats, last_beat_at=beat, **fields)


def record(**fields: Any) -> InvocationRecord:
    name = InvocationId("i")
    facts = {
        "task_id": "a.b",
        "args_id": "x",
        "status": S.RUNNING,
        "seq": 1,
        "status_at": 0.0,
        "root_id": name,
    }
    facts |= {"invocation_id": name, "created_at": 0.0, "available_at": NOW, **fields}
    return InvocationRecord(**facts)


def checks(**fields: Any) -> dict[str, Check]:
    facts: dict[str, Any] = {
        "runners": [runner()],
        "owned": [],
        "longest_waiting": None,
        "recent": [],
        "pending_seconds": 5.0,
        "lateness": [],
        "answer_seconds": 0.001,
        "lease": Lease("r", NOW + 1.0),
    }
    return check(Evidence(now=NOW, rhythm=RHYTHM, **(facts | fields)))


def levels(**fields: Any) -> tuple[Level, str]:
    worst = next(iter(checks(**fields).values()))
    return worst.level, worst.sentence


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (runner(beat=NOW), RunnerState.ALIVE),
        (runner(beats=1), RunnerState.STARTING),
        (runner(beats=1, beat=NOW - 4), RunnerState.LATE),
        (runner(beat=NOW - 4), RunnerState.LATE),
        (runner(beat=NOW - 6), RunnerState.DEAD),
        (runner(stopped_at=NOW, stop_reason="clean"), RunnerState.STOPPED),
        (runner(stopped_at=NOW, stop_reason="lost"), RunnerState.DEAD),
    ],
)
def test_a_runner_is_judged_by_its_silence(one: RunnerRecord, state: RunnerState) -> None:
    assert RHYTHM.state_of(one, NOW) is state


def test_all_is_well_when_nothing_is_wrong() -> None:
    assert levels()[0] is Level.OK
    assert levels(owned=[record(runner_id="r")])[0] is Level.OK


def test_work_without_a_runner_is_critical() -> None:
    assert levels(runners=[], longest_waiting=record())[0] is Level.CRITICAL
    assert levels(runners=[])[0] is Level.DEGRADED
    assert levels(runners=[runner(beat=NOW - 100)], longest_waiting=record())[0] is Level.CRITICAL


def test_a_late_heartbeat_is_a_sign() -> None:
    assert levels(runners=[runner(), runner("late", NOW - 4)]) == (
        Level.DEGRADED,
        "1 runner or worker is late with a heartbeat",
    )


@pytest.mark.parametrize(("age", "level"), [(59, Level.OK), (61, Level.DEGRADED), (601, Level.CRITICAL)])
def test_a_long_wait_is_told(age: float, level: Level) -> None:
    assert levels(longest_waiting=record(available_at=NOW - age))[0] is level


def test_what_a_dead_runner_holds_is_critical() -> None:
    level, sentence = levels(runners=[runner(), runner("dead", NOW - 60)], owned=[record(runner_id="dead")])
    assert level is Level.CRITICAL
    assert "1 invocation belongs to a dead runner" in sentence


def test_many_failures_are_told_but_not_of_few() -> None:
    def ended(failed: int, total: int) -> list[Finished]:
        return [
            Finished(NOW, S.FAILED if n < failed else S.SUCCESS, "a.b", InvocationId("i"), None, NOW, NOW)
            for n in range(total)
        ]

    assert levels(recent=ended(5, 20))[0] is Level.DEGRADED
    assert levels(recent=ended(4, 20))[0] is Level.OK
    assert levels(recent=ended(5, 5))[0] is Level.OK


def test_a_claim_that_is_not_begun_is_seen() -> None:
    def claimed(seconds: float) -> dict[str, Any]:
        return {"owned": [record(status=S.PENDING, pending_at=NOW - seconds)]}

    assert levels(**claimed(4.0))[0] is Level.OK
    level, sentence = levels(**claimed(6.0))
    assert level is Level.DEGRADED
    assert "1 invocation is claimed for more than 5.00 s and not begun" in sentence


def test_schedules_that_came_late_are_seen() -> None:
    assert levels(lateness=[0.1, 59.0])[0] is Level.OK
    level, sentence = levels(lateness=[0.1, 61.0, 180.0])
    assert level is Level.DEGRADED
    assert "2 schedules ran late last time, by up to 3 m 00 s" in sentence


def test_a_store_that_takes_long_is_seen() -> None:
    assert levels(answer_seconds=0.2)[0] is Level.OK
    assert levels(answer_seconds=0.3) == (Level.DEGRADED, "The store answers within 300 ms")


def test_runners_that_take_nothing_more_are_none_to_count_on() -> None:
    boss, worker = runner("boss", drains=True), runner("worker", parent_id="boss")
    level, sentence = levels(runners=[boss, worker])
    assert (level, sentence.split(":")[0]) == (
        Level.DEGRADED,
        "Every runner that is alive takes nothing more",
    )
    assert levels(runners=[boss, worker], longest_waiting=record())[0] is Level.CRITICAL
    assert levels(runners=[boss, worker, runner("other")])[0] is Level.OK


def test_work_that_no_runner_declares_is_told() -> None:
    assert levels(unserved={})[0] is Level.OK
    assert levels(unserved={"a.b": 2}) == (
        Level.DEGRADED,
        "2 invocations wait of a.b, which no runner that lives declares",
    )
    found = checks(unserved={"a.b": 1, "a.c": 3, "a.d": 1})["unserved"]
    assert (found.sentence, found.page) == (
        "5 invocations wait of a.c and 2 other tasks, which no runner that lives declares",
        "queues",
    )
    assert "unserved" not in checks(unserved=None)


def test_more_failures_than_usual_are_told() -> None:
    recent = [
        Finished(NOW, S.FAILED if n < 3 else S.SUCCESS, "a.b", InvocationId("i"), None, NOW, NOW)
        for n in range(20)
    ]
    usual = {S.SUCCESS: 980, S.FAILED: 20, S.RUNNING: 100_000}
    level, sentence = levels(recent=recent, kept=usual)
    assert level is Level.DEGRADED
    assert sentence == "15.0 % of what ended in the last 5 minutes failed, and 2.0 % of all that is kept"
    assert levels(recent=recent, kept={**usual, S.FAILED: 40})[0] is Level.OK
    assert levels(recent=recent[:19], kept=usual)[0] is Level.OK
    assert levels(recent=recent, kept={S.SUCCESS: 17, S.FAILED: 3})[0] is Level.OK


def test_what_goes_round_in_circles_is_told() -> None:
    again = record(status=S.REROUTED, reroutes=21)
    assert levels(handed_back=[record(status=S.REROUTED, reroutes=20)])[0] is Level.OK
    told = (Level.DEGRADED, "1 invocation was handed back more than 20 times, one of a.b 21 times")
    assert levels(handed_back=[again]) == levels(longest_waiting=again) == told
    assert levels(handed_back=[again], owned=[again]) == told


def test_a_living_runner_leads() -> None:
    for lease in (None, Lease("r", NOW)):
        level, sentence = levels(lease=lease)
        assert (level, sentence) == (
            Level.DEGRADED,
            "No runner puts right what dead ones leave behind, though one lives",
        )
    assert "sweeper" not in checks(lease=None, runners=[])


def test_clocks_that_are_apart_are_told() -> None:
    assert levels(clock_seconds=-1.9)[0] is Level.OK
    level, sentence = levels(clock_seconds=-5.0)
    assert level is Level.DEGRADED
    assert "The clock of this host is 5.00 s behind that of the store" in sentence


def test_what_is_kept_for_too_long_is_told() -> None:
    day = 86400.0
    assert levels(retention_seconds=7 * day, oldest_seconds=7.9 * day)[0] is Level.OK
    level, sentence = levels(retention_seconds=7 * day, oldest_seconds=9 * day)
    assert (level, sentence) == (
        Level.DEGRADED,
        "What ended is kept for 7 d 00 h by its settings, and some of it for 9 d 00 h",
    )
    assert "retention" not in checks(retention_seconds=None)


def test_what_is_worth_a_look_is_a_setting() -> None:
    patient = Thresholds(
        waiting_seconds=100.0, failing_share=0.5, failing_times=1e9, late_seconds=90.0, answer_seconds=1.0
    )
    late: dict[str, Any] = {
        "longest_waiting": record(available_at=NOW - 61),
        "lateness": [61.0],
        "answer_seconds": 0.3,
        "clock_seconds": 3.0,
    }
    assert sum(one.level is Level.DEGRADED for one in checks(**late).values()) == 4
    worse = checks(**late, thresholds=patient)
    assert [name for name, one in worse.items() if one.level is not Level.OK] == ["clock"]
