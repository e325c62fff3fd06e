from __future__ import annotations

from dataclasses import replace

import pytest

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import Finished, RecordPage
from pynenc.values.notes import KnownCode, KnownTask
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus as S
from pynmon.health import Level
from pynmon.queues import Flow, Rates, TaskQueue, flow_of, rates_of, verdict
from pynmon.thresholds import Thresholds

COUNTS = {
    "a.b": {S.REGISTERED: 5, S.RETRY: 1, S.SUCCESS: 100},
    "c.d": {S.RUNNING: 2, S.CONCURRENCY_CONTROLLED: 3},
    "e.f": {S.FAILED: 4},
}
NOTHING = Flow({}, 0, 0, 0.0, 0.0, 0.0, 300.0, ())
STANDS = Rates(300.0, {}, {}, {})


def ended(task: str, at: float, began: float | None) -> Finished:
    return Finished(at, S.SUCCESS, task, InvocationId("x"), None, began, 0.0)


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


def test_what_waits_is_counted_by_task_and_so_is_who_is_there_for_it() -> None:
    rates = Rates(300.0, {"a.b": 1.0}, {"a.b": 3.0}, {"a.b": 2.0, "e.f": 1.0})
    code = {"r": KnownCode("", {}, {"a.b": KnownTask("", (), {})}), "s": KnownCode("", {}, {})}
    flow = flow_of(COUNTS, rates, code)
    assert (flow.depth, flow.blocked, flow.in_hand) == (6, 3, 2)
    assert (flow.registered, flow.started, flow.ended) == (1.0, 3.0, 3.0)
    assert flow.tasks == [
        TaskQueue("a.b", 6, 0, 0, 1.0, 3.0, 2.0, 1),
        TaskQueue("c.d", 0, 3, 2, 0.0, 0.0, 0.0, 0),
        TaskQueue("e.f", 0, 0, 0, 0.0, 0.0, 1.0, 0),
    ]
    assert flow.drain_seconds == 180.0


def test_nobody_knows_when_a_queue_that_stands_or_grows_is_empty() -> None:
    assert flow_of(COUNTS, STANDS, {}).drain_seconds is None
    grows = flow_of(COUNTS, Rates(300.0, {"a.b": 4.0}, {"a.b": 3.0}, {}), {})
    assert (grows.drain_seconds, grows.growth) == (None, 1.0)
    assert grows.tasks[0].runners is None
    assert flow_of({}, Rates(300.0, {}, {"a.b": 1.0}, {}), {}).drain_seconds is None


def test_rates_are_of_what_was_looked_at() -> None:
    now = 1000.0
    newest = RecordPage((waiting(990.0), waiting(980.0), waiting(600.0)), None)
    finished = [ended("a.b", 995.0, 950.0), ended("a.b", 990.0, 650.0), ended("c.d", 900.0, None)]
    owned = [replace(waiting(980.0), status=S.RUNNING, started_at=981.0), waiting(990.0)]
    rates = rates_of(newest, finished, False, owned, now)
    assert rates == Rates(300.0, {"a.b": 0.4}, {"a.b": 0.4}, {"a.b": 0.4, "c.d": 0.2})
    # Of many only some are looked at: all rates are of the time that all of these reach back.
    cut = replace(newest, records=newest.records[:2], next="x")
    assert rates_of(cut, finished, False, owned, now) == Rates(20.0, {"a.b": 6.0}, {"a.b": 3.0}, {"a.b": 6.0})
    assert rates_of(cut, finished[:1], True, owned, now).seconds == 5.0
    assert rates_of(RecordPage((), None), [], False, [], now) == Rates(300.0, {}, {}, {})


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
    found, sentence = verdict(flow_of(COUNTS, STANDS, {}), alive, longest, 100.0, Thresholds())
    assert found is level
    assert words in sentence


def test_an_empty_queue_is_well_without_runners() -> None:
    assert verdict(NOTHING, 0, None, 100.0, Thresholds()) == (Level.OK, "Nothing waits for a runner")
