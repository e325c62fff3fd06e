"""What may not fail because a store is away for a while: ask again until it answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pynenc.exceptions import (
    CommitUnknownError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)
from pynenc.values.operations import Step, StepAnswer

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Carries out a step.
Advance = Callable[[Step], StepAnswer]

#: Errors that pass by themselves; the same request may be sent again, because it is fenced by its token.
PASSING = (StoreUnavailableError, StoreBusyError, StoreFullError, CommitUnknownError)

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


def never() -> bool:
    """Do not give up."""
    return False


def until_answered(request: Callable[[], T], give_up: Callable[[], bool] = never) -> T:
    """Repeat ``request`` while the store is away, with growing pauses of at most a second.

    Args:
        request: Something that is safe to repeat.
        give_up: Asked before each pause; True raises the last error instead.

    Raises:
        StoreError: one that does not pass by waiting, or any once ``give_up`` says so.
    """
    try:
        return request()
    except PASSING as error:
        return _repeat(lambda _: request(), give_up, error)


def advance_surely(advance: Advance, step: Step, give_up: Callable[[], bool] = never) -> StepAnswer:
    """Carry out a step however long the store is away; see ``until_answered``.

    Once nobody knows whether it was carried out, it is sent as a repetition: moves answer ALREADY, and what its
    claim took comes back.
    """
    try:
        return advance(step)  # on the spot: nearly always that is all, for each batch that ended
    except PASSING as error:
        failed, sent = error, step

    def again(reason: StoreError) -> StepAnswer:
        nonlocal sent
        if sent.claim is not None and isinstance(reason, CommitUnknownError):
            sent = replace(sent, claim=replace(sent.claim, repeated=True))
        return advance(sent)

    return _repeat(again, give_up, failed)


def _repeat(request: Callable[[StoreError], T], give_up: Callable[[], bool], error: StoreError) -> T:
    """Ask again after ``error``; the request is told why each time."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        if give_up():
            raise error
        logger.warning("the store did not answer (%s), trying again in %.2g s", error, pause)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        try:
            return request(error)
        except PASSING as another:
            error = another
