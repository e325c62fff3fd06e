from __future__ import annotations

from typing import Any

import pytest

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.health import Evidence, Level, Rhythm, RunnerState, check

S = InvocationStatus
RHYTHM = Rhythm(interval_seconds=1.0, dead_after_seconds=6.0)
NOW = 1000.0


def runner(name: str = "r", beat: float = NOW, **fields: Any) -> RunnerRecord:
    parent = fields.pop("parent_id", None)
    identity = RunnerIdentity(
        runner_id=RunnerId(name), runner_cls="ThreadRunner", host="here", pid=1, parent_id=parent
    )
    return RunnerRecord(identity=identity, started_at=0.0, beats=1, last_beat_at=beat, **fields)


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


def levels(**fields: Any) -> tuple[Level, str]:
    facts: dict[str, Any] = {
        "runners": [runner()],
        "owned": [],
        "longest_waiting": None,
        "recent": [],
        "pending_seconds": 5.0,
        "lateness": [],
        "answer_seconds": 0.001,
    }
    worst = check(Evidence(now=NOW, rhythm=RHYTHM, **(facts | fields)))[0]
    return worst.level, worst.sentence


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (runner(beat=NOW), RunnerState.ALIVE),
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
