"""What somebody waits for goes before all others: it is sent once more, ahead of what is in the queue."""

from __future__ import annotations

from itertools import islice

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Step, StepAnswer
from pynenc.values.status import AVAILABLE

#: Of many that one waits for, the first ones: the others are as many as what they would overtake.
_MOST_AT_ONCE = 64
_MOST_REMEMBERED = 4096


class Urgency:
    """Knows what was sent ahead by this process: waiting again for the same sends nothing again."""

    def __init__(self) -> None:
        self._sent: set[InvocationId] = set()

    def among(self, step: Step, answer: StepAnswer) -> list[InvocationId]:
        """What the waits in a step wait for and nobody has taken yet.

        Args:
            step: What was carried out.
            answer: What became of it. One that waits and took something runs that, and the next after it.
        """
        if answer.claims or not any(move.waits_on for move in step.moves):
            return []
        waited = (
            awaited
            for move, result in zip(step.moves, answer.moves, strict=True)
            if move.waits_on and result.accepted
            for awaited in islice(move.waits_on, _MOST_AT_ONCE)
        )
        states = answer.states
        urgent = [i for i in waited if i in states and states[i].status in AVAILABLE and i not in self._sent]
        if len(self._sent) > _MOST_REMEMBERED:
            self._sent.clear()  # what is sent a second time is dropped by its claim
        self._sent.update(urgent)
        return list(dict.fromkeys(urgent))
