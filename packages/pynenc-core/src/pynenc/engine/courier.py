"""Carries the steps of coroutines to the store, many in one write: a loop never waits for a store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move, Step, StepAnswer

#: At most so many requests travel together.
_BATCH = 200


@dataclass(slots=True)
class _Request:
    moves: tuple[Move, ...]
    read: tuple[InvocationId, ...]
    answer: asyncio.Future[StepAnswer]


class Courier:
    """While one write is on its way, what arrives meanwhile becomes the next one."""

    def __init__(self, advance: Callable[[Step], StepAnswer]) -> None:
        self._advance = advance
        self._arrived = threading.Condition()
        self._requests: list[_Request] = []  # guarded by self._arrived
        self._closed = False  # guarded by self._arrived
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer requests of coroutines on ``loop``."""
        self._loop = loop
        threading.Thread(target=self._run, name="pynenc-courier", daemon=True).start()

    def close(self) -> None:
        """End after what was asked for."""
        with self._arrived:
            self._closed = True
            self._arrived.notify()

    async def step(self, moves: Sequence[Move], read: Sequence[InvocationId]) -> StepAnswer:
        """Carry out moves and reads; the answer is about these alone."""
        assert self._loop is not None
        request = _Request(tuple(moves), tuple(read), self._loop.create_future())
        with self._arrived:
            self._requests.append(request)
            self._arrived.notify()
        return await request.answer

    def _run(self) -> None:
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._requests or self._closed)
                requests, self._requests = self._requests[:_BATCH], self._requests[_BATCH:]
            if not requests:
                return
            self._carry(requests)

    def _carry(self, requests: list[_Request]) -> None:
        moves = tuple(move for request in requests for move in request.moves)
        read = tuple(dict.fromkeys(i for request in requests for i in request.read))
        assert self._loop is not None
        try:
            answer = self._advance(Step(moves=moves, read=read))
        except Exception as error:  # noqa: BLE001  # boundary: handed to whoever asked
            self._loop.call_soon_threadsafe(_fail, requests, error)
            return
        answers = []
        position = 0
        for request in requests:
            end = position + len(request.moves)
            states = {i: answer.states[i] for i in request.read if i in answer.states}
            answers.append(StepAnswer(moves=answer.moves[position:end], states=states))
            position = end
        self._loop.call_soon_threadsafe(_resolve, requests, answers)


def _resolve(requests: list[_Request], answers: list[StepAnswer]) -> None:
    for request, answer in zip(requests, answers, strict=True):
        if not request.answer.done():
            request.answer.set_result(answer)


def _fail(requests: list[_Request], error: Exception) -> None:
    for request in requests:
        if not request.answer.done():
            request.answer.set_exception(error)
