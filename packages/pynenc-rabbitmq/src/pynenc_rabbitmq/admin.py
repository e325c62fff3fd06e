"""Questions and orders to the server that are waited for: counting and deleting. Not part of any hot path."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pika
from pika import exceptions

from pynenc.exceptions import StoreError, StoreUnavailableError
from pynenc_rabbitmq.errors import is_absent, translate
from pynenc_rabbitmq.link import Link

#: Sends a request on a channel, and gives its answer to the function.
Request = Callable[[Any, Callable[[Any], None]], None]


class _Question:
    """One request that a thread waits for."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.done = threading.Event()
        self.answer: Any = None
        self.error: StoreError | None = None

    def end(self, answer: Any = None, error: StoreError | None = None) -> None:
        if not self.done.is_set():
            self.answer, self.error = answer, error
            self.done.set()


class Admin:
    """Each request has a channel of its own, because the server closes the channel of one that it refuses."""

    def __init__(self, link: Link, timeout_seconds: float) -> None:
        self._link = link
        self._timeout = timeout_seconds
        # All of the rest belongs to the thread of the connection.
        self._connection: Any = None
        self._open: dict[_Question, None] = {}

    def ask(self, request: Request) -> Any:
        """The answer to a request; None when what it is about does not exist.

        Raises:
            StoreError: there is no connection, or the server refuses.
        """
        question = _Question(request)
        self._link.post(partial(self._begin, question))
        if not question.done.wait(self._link.patience(self._timeout)):
            self._link.post(partial(self._open.pop, question, None))
            problem = self._link.problem
            raise (
                type(problem)(str(problem))
                if problem
                else StoreUnavailableError(f"{self._link.where} does not answer")
            )
        if question.error is not None:
            raise question.error
        return question.answer

    # -- the thread of the connection -----------------------------------------------------------------

    def on_ready(self, connection: Any, _channel: Any) -> None:
        """Ask what waits for being asked."""
        self._connection = connection
        for question in list(self._open):
            self._send(question)

    def on_lost(self, error: StoreError) -> None:
        """Ask again with the next connection, unless that is of no use."""
        self._connection = None
        if not isinstance(error, StoreUnavailableError):
            for question in list(self._open):
                self._end(question, error=error)

    def _begin(self, question: _Question) -> None:
        self._open[question] = None
        if self._connection is not None:
            self._send(question)
        elif self._link.problem is not None:
            self.on_lost(self._link.problem)

    def _send(self, question: _Question) -> None:
        self._connection.channel(on_open_callback=partial(self._on_channel, question))

    def _on_channel(self, question: _Question, channel: Any) -> None:
        channel.add_on_close_callback(partial(self._on_closed, question))
        question.request(channel, partial(self._on_answer, question, channel))

    def _on_answer(self, question: _Question, channel: Any, answer: Any) -> None:
        self._end(question, answer)
        if channel.is_open:
            channel.close()

    def _on_closed(self, question: _Question, _channel: Any, reason: BaseException) -> None:
        if self._connection is None:
            return  # the connection ended
        if is_absent(reason):
            self._end(question)
        else:
            self._end(question, error=translate(reason, self._link.where))

    def _end(self, question: _Question, answer: Any = None, error: StoreError | None = None) -> None:
        self._open.pop(question, None)
        question.end(answer, error)


def delete_queues(parameters: pika.ConnectionParameters, where: str, queues: Sequence[str]) -> None:
    """Delete queues with what is in them, on a connection of its own, which declares nothing.

    Raises:
        StoreError: the server cannot be reached or refuses.
    """
    try:
        with contextlib.closing(pika.BlockingConnection(parameters)) as connection:
            channel = connection.channel()
            for queue in queues:
                channel.queue_delete(queue)
    except exceptions.AMQPError as error:
        raise translate(error, where) from error
