"""Hosts and runners stand above the lanes of their workers, and can be made one lane."""

from __future__ import annotations

from itertools import pairwise

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.timeline import lanes
from pynmon.timeline.axis import Axis
from pynmon.timeline.density import PARTS
from pynmon.timeline.density import draw as draw_density
from pynmon.timeline.groups import Arrangement, Group, LanesBy, arranged, grouped
from pynmon.timeline.headings import MOST_HEADINGS, collapsed, headed
from pynmon.timeline.lanes import Picture
from pynmon.timeline.spans import Span
from pynmon.timeline.window import Window

WINDOW = Window(100.0, 200.0, follows=False)


def runner(name: str, host: str, parent: str = "") -> tuple[str, RunnerRecord]:
    identity = RunnerIdentity(
        runner_id=RunnerId(name),
        runner_cls="ProcessRunnerWorker" if parent else "ThreadRunner",
        host=host,
        pid=1,
        parent_id=RunnerId(parent) if parent else None,
    )
    return name, RunnerRecord(identity=identity, started_at=0.0, beats=1, last_beat_at=0.0)


RUNNERS = dict(
    [
        runner("w2", "one", "boss"),
        runner("alone", "one"),
        runner("w1", "one", "boss"),
        runner("other", "two"),
        runner("third", "three"),
    ]
)


def span(name: str, at: float = 110.0) -> Span:
    status = InvocationStatus.FAILED if name == "w2" else InvocationStatus.SUCCESS
    return Span(InvocationId(f"{name}-{at}"), "a.b", name, at, at + 5.0, status)


def shown(how: Arrangement = Arrangement()) -> list[Group]:  # noqa: B008 - it cannot be changed
    groups = grouped(LanesBy.RUNNER, [span(name) for name in (*RUNNERS, "gone")], RUNNERS, {})
    return headed(arranged(collapsed(groups, how.folds, how.pins), how))


def words(groups: list[Group]) -> list[tuple[list[str], str, int]]:
    return [([one.word for one in group.headings], group.label.word, group.depth) for group in groups]


def picture_of(groups: list[Group]) -> Picture:
    return lanes.draw(groups, Axis(WINDOW))


def test_a_host_stands_once_above_its_lanes_and_a_runner_above_its_workers() -> None:
    assert words(shown()) == [
        ([], "", 0),
        (["one"], "ThreadRunner", 1),
        (["ProcessRunner"], "Worker", 2),
        ([], "Worker", 2),
        (["three"], "ThreadRunner", 1),
        (["two"], "ThreadRunner", 1),
    ]


def test_no_lane_lies_where_a_heading_is() -> None:
    picture = picture_of(shown())
    taken = [(lane.y, lane.y + lane.height) for lane in picture.lanes]
    taken += [(one.y, one.y + 20) for lane in picture.lanes for one in lane.headings]
    taken.sort()
    assert all(before[1] <= after[0] for before, after in pairwise(taken))
    assert picture.height == taken[-1][1]
    for lane in picture.lanes:
        assert all(lane.y <= box.y < lane.y + lane.height for box in lane.boxes)


def test_what_is_below_a_folded_heading_is_one_lane_in_which_nothing_is_missing() -> None:
    for key, number, depth in (("@one", 3, 0), ("@boss", 2, 1)):
        groups = shown(Arrangement(folds=frozenset({key})))
        (lane,) = [one for one in picture_of(groups).lanes if one.is_of_many]
        assert (lane.label.key, lane.number, lane.rows, lane.depth) == (key, number, 1, depth)
        assert len(lane.boxes) == number
        # What is bad is drawn last, so that nothing hides it.
        assert lane.boxes[-1].span.runner_id == "w2"


def test_a_pinned_lane_is_above_all_headings_and_says_its_host() -> None:
    groups = shown(Arrangement(pins=frozenset({"w1"}), folds=frozenset({"@one"})))
    assert words(groups)[0] == ([], "one ProcessRunnerWorker", 0)
    assert [group.label.key for group in groups] == ["w1", "gone", "@one", "third", "other"]
    assert groups[2].keys == ("alone", "w2")


def test_of_too_many_hosts_none_is_a_heading() -> None:
    many = dict(runner(f"r{n:03}", f"host{n:03}") for n in range(MOST_HEADINGS + 1))
    groups = headed(grouped(LanesBy.RUNNER, [span(name) for name in many], many, {}))
    assert words(groups)[0] == ([], "host000 ThreadRunner", 0)
    few = dict(list(many.items())[:MOST_HEADINGS])
    groups = headed(grouped(LanesBy.RUNNER, [span(name) for name in few], few, {}))
    assert words(groups)[0] == (["host000"], "ThreadRunner", 1)


def test_columns_of_how_busy_runners_were_have_the_same_headings() -> None:
    busy = {name: [1.0] * PARTS for name in RUNNERS}
    lanes_of = draw_density([0] * PARTS, busy, RUNNERS, WINDOW).picture.lanes
    assert [[one.label.word for one in lane.headings] for lane in lanes_of] == [
        *(["one"], ["ProcessRunner"], [], ["three"], ["two"])
    ]
    how = Arrangement(folds=frozenset({"@one"}))
    density = draw_density([0] * PARTS, busy, RUNNERS, WINDOW, how=how)
    assert [(lane.label.key, lane.number) for lane in density.picture.lanes] == [
        *(("@one", 3), ("third", 1), ("other", 1))
    ]
    assert sum(part.busy for part in density.parts) * WINDOW.seconds / PARTS == 5.0 * PARTS
