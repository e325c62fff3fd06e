"""One answer for all who ask for the same at the same time: open pages of many people look again at the same moment."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pynmon.identity import identity_of
from pynmon.presentation import columns, instants, parts
from pynmon.presentation.choices import CHOICES
from pynmon.turns import Turn, Turns

#: After so long an answer is begun beside one that is not made yet: a slow store does not hold up all pages.
PATIENCE_SECONDS = 0.25


class Together:
    """Lets those who come while an answer is being made have it, too.

    Nothing is kept: who comes later has a new one. Whoever may act has always one of their own, because its forms are
    theirs, and because they want to see what they have just done.

    They are made one after the other: threads of one process that compete for the interpreter take nearly twice the
    processor time for the same pages, and one that reads rows waits for the interpreter at each of them. A page of
    thousands of rows takes much memory as well, while it is made: also of those that take long there are few at once.

    Args:
        inner: Makes the answers.
        patience_seconds: How long one of them keeps the others waiting at most.
    """

    def __init__(self, inner: ASGIApp, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._inner = inner
        self._turns = Turns(patience_seconds)
        #: Of each answer that is being made: its messages, or None when it is not for others. Each belongs to the event
        #: loop in its key.
        self._awaited: dict[tuple[Any, ...], asyncio.Future[list[Message] | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        key = _key(scope)
        if key is None:
            await self._inner(scope, receive, send)
        elif key not in self._awaited:
            await self._make(key, scope, receive, send)
        elif (messages := await asyncio.shield(self._awaited[key])) is not None:
            await _send_all(messages, send)
        else:
            await self._inner(scope, receive, send)

    async def _make(self, key: tuple[Any, ...], scope: Scope, receive: Receive, send: Send) -> None:
        awaited = self._awaited[key] = asyncio.get_running_loop().create_future()
        turn: Turn | None = None
        messages: list[Message] = []

        def settle(found: list[Message] | None) -> None:
            if not awaited.done():
                del self._awaited[key]
                awaited.set_result(found)
                if turn is not None:
                    turn.end()

        async def hold(message: Message) -> None:
            if awaited.done():
                await send(message)
                return
            messages.append(message)
            if message["type"] == "http.response.body":
                # A stream goes to the one who asked for it; what is whole to everybody, whose connections may be slow.
                settle(None if message.get("more_body") else messages)
                await _send_all(messages, send)

        try:
            turn = await self._turns.take()
            await self._inner(scope, receive, hold)
        finally:
            settle(None)


def _key(scope: Scope) -> tuple[Any, ...] | None:
    """What makes two requests the same, which those of people who may act never are; None of one that has no turn."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    identity = identity_of(scope)
    if identity is None:
        return None
    if identity.may_act:
        return (object(),)
    address = (scope.get("root_path", ""), scope["path"], scope.get("query_string", b""))
    request = HTTPConnection(scope)
    wanted = (request.headers.get(name) for name in ("accept-encoding", "hx-request", parts.HEADER))
    chosen = (request.cookies.get(name) for name in (instants.COOKIE, columns.COOKIE, *CHOICES))
    return (asyncio.get_running_loop(), *address, identity, *wanted, *chosen)


async def _send_all(messages: list[Message], send: Send) -> None:
    for message in messages:
        # Whoever sends it on may add headers.
        copied = {"headers": list(message["headers"])} if "headers" in message else {}
        await send({**message, **copied})
