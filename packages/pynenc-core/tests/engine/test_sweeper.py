"""Who counts as silent."""

from __future__ import annotations

from collections.abc import Callable

from pynenc.engine.sweeper import Silence
from pynenc.values.ids import RunnerId

A, B = RunnerId("a"), RunnerId("b")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Observer:
    """Looks at beats as they are set here; each look takes no time where nothing else is said."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.silence = Silence(6, 1.5, self.clock)
        self.interruptions = 0

    def look(self, beats: dict[RunnerId, int], answer_takes: float = 0) -> None:
        def asked() -> dict[RunnerId, int]:
            self.clock.now += answer_takes
            return beats

        self.silence.observe(asked, self.interruptions)

    def look_for(self, seconds: int, beats: Callable[[int], dict[RunnerId, int]]) -> None:
        for second in range(seconds):
            self.clock.now += 1
            self.look(beats(second))


def test_a_runner_is_dead_when_its_beats_did_not_grow_for_long_enough() -> None:
    observer = Observer()
    observer.look({A: 1, B: 1})
    observer.look_for(5, lambda second: {A: 1, B: 2 + second})
    assert observer.silence.dead() == []
    observer.look_for(1, lambda second: {A: 1, B: 7})
    assert observer.silence.dead() == [A]


def test_an_answer_that_was_not_read_for_long_tells_nothing_about_the_time_since() -> None:
    observer = Observer()
    observer.look({A: 1})
    observer.clock.now += 1
    observer.look({A: 1}, answer_takes=60)
    assert observer.silence.dead() == []
    observer.look_for(4, lambda second: {A: 1})
    assert observer.silence.dead() == []
    observer.look_for(1, lambda second: {A: 1})
    assert observer.silence.dead() == [A]


def test_who_stood_still_together_with_the_observer_has_time_to_beat() -> None:
    observer = Observer()
    observer.look({A: 1})
    observer.clock.now += 60
    observer.look({A: 1})
    assert observer.silence.dead() == []
    observer.look_for(1, lambda second: {A: 2})
    assert observer.silence.dead() == []


def test_rare_looks_find_the_dead_too() -> None:
    observer = Observer()
    observer.look({A: 1})
    for _ in range(4):
        observer.clock.now += 60
        observer.look({A: 1})
    assert observer.silence.dead() == [A]


def test_after_an_interruption_of_ones_own_all_counting_starts_anew() -> None:
    observer = Observer()
    observer.look({A: 1})
    observer.look_for(5, lambda second: {A: 1})
    observer.interruptions += 1
    observer.look_for(5, lambda second: {A: 1})
    assert observer.silence.dead() == []
    observer.look_for(2, lambda second: {A: 1})
    assert observer.silence.dead() == [A]


def test_who_is_gone_from_the_list_is_forgotten() -> None:
    observer = Observer()
    observer.look({A: 1})
    observer.look_for(6, lambda second: {})
    observer.look({A: 1})
    assert observer.silence.dead() == []
