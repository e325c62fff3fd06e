"""Who counts as silent."""

from __future__ import annotations

from pynenc.engine.sweeper import Silence
from pynenc.values.ids import RunnerId

A, B = RunnerId("a"), RunnerId("b")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_runner_is_silent_while_its_beats_do_not_grow() -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.observe({A: 1, B: 1}, 0)
    clock.now += 5
    silence.observe({A: 1, B: 2}, 0)
    clock.now += 1
    silence.observe({A: 1, B: 2}, 0)
    assert silence.longer_than(6) == [A]
    assert silence.longer_than(1) == [A, B]


def test_after_an_interruption_of_ones_own_all_counting_starts_anew() -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.observe({A: 1}, 0)
    clock.now += 60
    silence.observe({A: 1}, 1)
    assert silence.longer_than(6) == []
    clock.now += 6
    assert silence.longer_than(6) == [A]


def test_who_is_gone_from_the_list_is_forgotten() -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.observe({A: 1}, 0)
    clock.now += 60
    silence.observe({}, 0)
    assert silence.longer_than(0) == []
