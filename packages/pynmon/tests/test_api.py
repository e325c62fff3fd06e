from __future__ import annotations

from pynenc.values.status import InvocationStatus
from pynmon.answers import Json
from pynmon.api.metrics import by_task
from pynmon.api.models import Task


def test_half_a_character_is_encoded() -> None:
    task = Task(
        task_id="a.\ud800",
        counts={InvocationStatus.FAILED: 1},
        is_known=False,
        runners=0,
        is_disputed=False,
        triggers=[],
    )
    assert Json(task.model_dump()).body.startswith(rb'{"task_id":"a.\\ud800","counts":{"failed":1},')


def test_small_tasks_share_a_label() -> None:
    done = InvocationStatus.SUCCESS
    told = by_task({f"m.t{n}": {done: n} for n in range(1, 251)})
    assert len(told) == 201
    assert told["m.t250"] == {done: 250}
    assert told["other"] == {done: sum(range(1, 51))}
    assert sum(counts[done] for counts in told.values()) == sum(range(1, 251))
