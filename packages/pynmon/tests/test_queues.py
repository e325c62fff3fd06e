from __future__ import annotations

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus as S
from pynmon.health import Level
from pynmon.queues import Flow, flow_of, verdict

COUNTS = {
    "a.b": {S.REGISTERED: 5, S.RETRY: 1, S.SUCCESS: 100},
    "c.d": {S.RUNNING: 2, S.CONCURRENCY_CONTROLLED: 3},
    "e.f": {S.FAILED: 4},
}
NOTHING = Flow({}, 0, 0, 0.0, ())


def ended(task: str) -> Finished:
    return Finished(1.0, S.SUCCESS, task, InvocationId("x"), None, 0.5, 0.0)


def waiting(since: float) -> InvocationRecord:
    return InvocationRecord(
        invocation_id=InvocationId("x"),
        task_id="a.b",
        args_id="x",
        status=S.REGISTERED,
        seq=1,
        status_at=since,
        root_id=InvocationId("x"),
        created_at=since,
        available_at=since,
    )


def test_what_waits_is_counted_by_task() -> None:
    flow = flow_of(COUNTS, [ended("a.b"), ended("a.b"), ended("e.f")], 60.0)
    assert (flow.depth, flow.blocked, flow.in_hand, flow.per_minute) == (6, 3, 2, 3.0)
    assert [(one.task_id, one.waiting, one.per_minute) for one in flow.tasks] == [
        ("a.b", 6, 2.0),
        ("c.d", 0, 0.0),
    ]
    assert flow.drain_seconds == 120.0


def test_nobody_knows_when_a_queue_that_stands_is_empty() -> None:
    assert flow_of(COUNTS, [], 60.0).drain_seconds is None
    assert flow_of({}, [ended("a.b")], 60.0).drain_seconds is None


@pytest.mark.parametrize(
    ("alive", "since", "level", "words"),
    [
        (1, None, Level.OK, "Nothing waits for a runner; 6 wait for their time"),
        (0, 99.0, Level.CRITICAL, "no runner is alive"),
        (1, 99.0, Level.OK, "has waited 1.00 s"),
        (1, 0.0, Level.DEGRADED, "has waited 1 m 40 s"),
        (1, -1000.0, Level.CRITICAL, "has waited 18 m 20 s"),
    ],
)
def test_one_sentence_says_whether_it_flows(
    alive: int, since: float | None, level: Level, words: str
) -> None:
    longest = None if since is None else waiting(since)
    found, sentence = verdict(flow_of(COUNTS, [], 60.0), alive, longest, 100.0)
    assert found is level
    assert words in sentence


def test_an_empty_queue_is_well_without_runners() -> None:
    assert verdict(NOTHING, 0, None, 100.0) == (Level.OK, "Nothing waits for a runner")
