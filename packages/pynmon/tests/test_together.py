from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from starlette.types import Message, Receive, Scope, Send

from pynmon.identity import Identity, Role, remember
from pynmon.together import Together
from pynmon.turns import AT_ONCE

T = TypeVar("T")
VIEWER = Identity("", Role.VIEWER)
OPERATOR = Identity("op", Role.OPERATOR, b"x")


class Slow:
    """An app that answers when it is told to."""

    def __init__(self, *, streams: bool = False, fails: bool = False) -> None:
        self.calls = 0
        self.may_go_on = asyncio.Event()
        self._streams, self._fails = streams, fails

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        number = self.calls
        await self.may_go_on.wait()
        if self._fails:
            raise ValueError(number)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"n", b"%d" % number)]})
        await send({"type": "http.response.body", "body": b"%d" % number, "more_body": self._streams})
        if self._streams:
            await send({"type": "http.response.body", "body": b"!", "more_body": False})


async def asked(
    app: Together,
    path: str = "/",
    identity: Identity | None = VIEWER,
    query: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
    }
    if identity is not None:
        remember(scope, identity)
    body: list[bytes] = []

    async def receive() -> Message:
        return await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"].append((b"more", b""))
            assert len(message["headers"]) == 2  # nobody sees what was added for others
        body.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(body)


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: where tests in browsers have run in this process, this one has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def answers(slow: Slow, make: Callable[[Together], list[Coroutine[Any, Any, bytes]]]) -> list[Any]:
    """Of requests that all come before the first is answered."""

    async def ask() -> list[Any]:
        tasks = [asyncio.ensure_future(one) for one in make(Together(slow))]
        for _ in range(5):
            await asyncio.sleep(0)
        slow.may_go_on.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    return run(ask())


def test_those_who_ask_for_the_same_meanwhile_have_the_same_answer() -> None:
    slow = Slow()
    assert answers(slow, lambda app: [asked(app) for _ in range(5)]) == [b"1"] * 5
    assert slow.calls == 1


def test_who_comes_later_has_a_new_one() -> None:
    async def ask() -> list[bytes]:
        slow = Slow()
        slow.may_go_on.set()
        app = Together(slow)
        return [await asked(app), await asked(app)]

    assert run(ask()) == [b"1", b"2"]


@pytest.mark.parametrize(
    "other",
    [
        {"path": "/other"},
        {"query": b"q=1"},
        {"headers": ((b"accept-encoding", b"gzip"),)},
        {"headers": ((b"cookie", b"pynmon-times=relative"),)},
        {"headers": ((b"cookie", b"pynmon-without=ran"),)},
        {"headers": ((b"hx-request", b"true"),)},
        {"identity": Identity("bob", Role.VIEWER)},
        {"identity": Identity("", Role.VIEWER, b"forms of theirs")},
    ],
)
def test_what_differs_is_answered_apart(other: dict[str, Any]) -> None:
    slow = Slow()
    assert answers(slow, lambda app: [asked(app), asked(app, **other)]) == [b"1", b"2"]


@pytest.mark.parametrize("identity", [None, OPERATOR])
def test_who_may_act_or_is_unknown_has_an_answer_of_their_own(identity: Identity | None) -> None:
    slow = Slow()
    assert answers(slow, lambda app: [asked(app, identity=identity) for _ in range(2)]) == [b"1", b"2"]


def test_a_stream_is_for_the_one_who_asked() -> None:
    slow = Slow(streams=True)
    assert answers(slow, lambda app: [asked(app) for _ in range(3)]) == [b"1!", b"2!", b"3!"]


def test_an_answer_that_could_not_be_made_is_tried_by_each() -> None:
    slow = Slow(fails=True)
    found = answers(slow, lambda app: [asked(app) for _ in range(2)])
    assert [type(one) for one in found] == [ValueError, ValueError]
    assert slow.calls == 2


@pytest.mark.parametrize("identity", [VIEWER, OPERATOR])
def test_answers_are_made_one_after_the_other(identity: Identity) -> None:
    async def ask() -> tuple[int, list[bytes]]:
        slow = Slow()
        app = Together(slow, patience_seconds=3600)
        tasks = [asyncio.ensure_future(asked(app, f"/{n}", identity)) for n in range(6)]
        for _ in range(10):
            await asyncio.sleep(0)
        begun = slow.calls
        slow.may_go_on.set()
        return begun, await asyncio.gather(*tasks)

    begun, found = run(ask())
    assert begun == 1
    assert sorted(found) == [b"%d" % n for n in range(1, 7)]


def test_an_answer_that_is_not_made_in_time_keeps_nobody_waiting() -> None:
    async def ask() -> bytes:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/never":
                await asyncio.Event().wait()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"n", b"")]})
            await send({"type": "http.response.body", "body": b"x"})

        together = Together(app, patience_seconds=0.01)
        never = [asyncio.ensure_future(asked(together, "/never", OPERATOR)) for _ in range(2 * AT_ONCE)]
        await asyncio.sleep(0)
        found = await asyncio.wait_for(asked(together, "/page"), 10)
        assert not any(one.done() for one in never)
        for one in never:
            one.cancel()
        await asyncio.gather(*never, return_exceptions=True)
        return found

    assert run(ask()) == b"x"


def test_of_answers_that_take_long_few_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> tuple[list[int], list[bytes]]:
        loop = asyncio.get_running_loop()
        now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: now)
        slow = Slow()
        app = Together(slow, patience_seconds=60)
        tasks = [asyncio.ensure_future(asked(app, f"/{n}")) for n in range(6)]
        begun = []
        for seconds in (0, 61, 61, 600):
            now += seconds
            for _ in range(10):
                await asyncio.sleep(0)
            begun.append(slow.calls)
        slow.may_go_on.set()
        return begun, await asyncio.gather(*tasks)

    begun, found = run(ask())
    # What has not got done by then does not count any longer.
    assert begun == [1, 2, 2, 3]
    assert sorted(found) == [b"%d" % n for n in range(1, 7)]


def test_a_stream_that_goes_on_takes_no_place() -> None:
    async def ask() -> list[bytes]:
        opened = asyncio.Semaphore(0)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"n", b"")]})
            await send({"type": "http.response.body", "body": b"x", "more_body": scope["path"] != "/page"})
            opened.release()
            if scope["path"] != "/page":
                await asyncio.Event().wait()

        together = Together(app)
        streams = [asyncio.ensure_future(asked(together, f"/{n}")) for n in range(9)]
        for _ in streams:
            await asyncio.wait_for(opened.acquire(), 10)
        page = await asyncio.wait_for(asked(together, "/page"), 10)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        return [page]

    assert run(ask()) == [b"x"]
