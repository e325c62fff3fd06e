"""What runners write down about themselves: when there is news, and nothing otherwise."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from pynenc import Pynenc
from pynenc.conf.config_runner import ConfigThreadRunner
from pynenc.engine.diary import CODE, DIARY, GAPS, Diary
from pynenc.inspection import notes_of
from pynenc.values.clock import SystemClock
from pynenc.values.ids import RunnerId
from pynenc.values.notes import Given, Period
from pynenc.values.runners import Beat, RunnerIdentity

BEGIN = 1_800_000_000.0


class Clock(SystemClock):
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self.time = BEGIN

    def now(self) -> float:
        return self.time


def double(number: int) -> int:
    return 2 * number


def triple(number: int) -> int:
    return 3 * number


class World:
    """Two runners that do what a test says; a heartbeat is due every second."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.app = Pynenc({"app_id": uuid.uuid4().hex, "heartbeat_interval_seconds": 1.0})
        self.app._clock = self.clock
        self.app.task(max_retries=3)(double)
        self.leader = ""
        self.diaries = {name: self.diary(name) for name in ("a", "b")}

    def diary(self, name: str) -> Diary:
        conf = ConfigThreadRunner({"max_threads": 7})
        return self.app.engine.diary(RunnerId(name), lambda: self.leader == name, conf)

    def beat(self, name: str, after: float = 1.0) -> None:
        self.clock.time += after
        identity = RunnerIdentity(runner_id=RunnerId(name), runner_cls="ThreadRunner", host="here", pid=1)
        self.app.orchestrator.beat(Beat(alive=(identity,)))

    def note(self, name: str) -> None:
        self.diaries[name].note(self.app.orchestrator.list_runners())


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.beat("a")
    world.beat("b")
    yield world
    world.app.close()


def test_a_runner_says_once_what_it_knows_and_again_when_that_has_grown(world: World) -> None:
    world.note("a")
    code = notes_of(world.app)["a"].code
    assert code is not None
    assert code.version
    assert code.settings["max_threads"].value == "7"
    known = code.tasks[f"{__name__}.double"]
    assert known.arguments == ("number",)
    assert known.place == f"{__name__}, line {double.__code__.co_firstlineno}"
    assert known.options == {"max_retries": Given("3", f"decorator of task '{__name__}.double'")}
    world.app.task(triple)
    world.note("a")
    code = notes_of(world.app)["a"].code
    assert code is not None
    assert len(code.tasks) == 2


def test_a_silence_is_written_down_when_it_is_over(world: World) -> None:
    world.note("a")
    world.beat("a", 2.0)
    world.note("a")
    assert notes_of(world.app)["a"].gaps == ()
    since = world.clock.time
    world.beat("a", 60.0)
    world.beat("a")
    world.note("a")
    assert notes_of(world.app)["a"].gaps == (Period(since, since + 60.0),)


def test_somebody_elses_silence_is_not_ones_own(world: World) -> None:
    world.note("a")
    world.beat("b", 60.0)
    world.note("a")
    assert notes_of(world.app)["a"].gaps == ()


def test_who_leads_is_written_down_and_two_never_at_once(world: World) -> None:
    world.leader = "a"
    world.note("a")
    world.clock.time += 10
    world.note("a")
    assert notes_of(world.app)["a"].terms == (Period(BEGIN + 2, None),)
    # "a" hangs, and finds out later.
    world.leader = "b"
    world.clock.time += 5
    world.note("b")
    world.clock.time += 5
    world.note("a")
    notes = notes_of(world.app)
    assert notes["a"].terms == (Period(BEGIN + 2, BEGIN + 12),)
    assert notes["b"].terms == (Period(BEGIN + 17, None),)


def test_without_news_nothing_is_written(world: World) -> None:
    world.leader = "a"
    world.note("a")
    trigger = world.app.engine.components.trigger
    trigger.set_values(CODE, {"a": None})
    for _ in range(3):
        world.beat("a")
        world.note("a")
    assert trigger.get_values([CODE]) == {CODE: {}}


def test_what_the_forgotten_wrote_goes_and_what_others_wrote_stays(world: World) -> None:
    trigger = world.app.engine.components.trigger
    trigger.set_values(GAPS, {"gone": "[]", "b": "[[1, 2]]"})
    world.note("a")
    assert trigger.get_values([GAPS]) == {GAPS: {"b": "[[1, 2]]"}}


def test_a_purge_leaves_what_runners_that_live_wrote(world: World) -> None:
    world.leader = "a"
    world.note("a")
    world.note("b")
    world.app.orchestrator.beat(Beat(stopped=((RunnerId("b"), "clean"),)))
    written = notes_of(world.app)
    world.app.purge()
    assert notes_of(world.app) == {"a": written["a"]}


@pytest.mark.parametrize("text", ["", "null", "[", '{"version": 1}', "[[1]]", '[["<script>", null]]'])
def test_what_cannot_be_read_is_left_out(world: World, text: str) -> None:
    world.app.engine.components.trigger.set_values(CODE, {"a": text})
    world.app.engine.components.trigger.set_values(GAPS, {"a": text})
    notes = notes_of(world.app)["a"]
    assert (notes.code, notes.gaps, notes.terms) == (None, (), ())
    assert DIARY == ("code", "gaps", "terms")
