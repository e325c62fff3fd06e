from __future__ import annotations

from pynenc.values.ids import RunnerId
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.answers import Json
from pynmon.api.metrics import by_task, slots_of
from pynmon.api.models import Task


def test_half_a_character_is_encoded() -> None:
    task = Task(task_id="a.\ud800", counts={InvocationStatus.FAILED: 1})
    assert Json(task.model_dump()).body == rb'{"task_id":"a.\\ud800","counts":{"failed":1}}'


def test_small_tasks_share_a_label() -> None:
    done = InvocationStatus.SUCCESS
    told = by_task({f"m.t{n}": {done: n} for n in range(1, 251)})
    assert len(told) == 201
    assert told["m.t250"] == {done: 250}
    assert told["other"] == {done: sum(range(1, 51))}
    assert sum(counts[done] for counts in told.values()) == sum(range(1, 251))


def test_a_slot_is_used_or_free() -> None:
    def runner(name: str, slots: int) -> RunnerRecord:
        identity = RunnerIdentity(
            runner_id=RunnerId(name), runner_cls="Worker", host="here", pid=1, slots=slots
        )
        return RunnerRecord(identity=identity, started_at=0.0, beats=1, last_beat_at=0.0)

    living = [runner("supervisor", 0), runner("a", 4), runner("b", 1)]
    running = {"m.t": {InvocationStatus.RUNNING: 2, InvocationStatus.PAUSED: 9}}
    assert slots_of(living, running) == {"used": 2, "free": 3}
    assert slots_of(living, {"m.t": {InvocationStatus.RUNNING: 9}}) == {"used": 5, "free": 0}
    assert slots_of([], running) == {"used": 0, "free": 0}
