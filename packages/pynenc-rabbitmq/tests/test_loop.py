"""SharedLoop: one thread waits for the network, any thread writes meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from pynenc_rabbitmq.loop import SharedLoop

DEADLINE_SECONDS = 10.0


class Peer:
    """What a driver does with a loop: it buffers, and writes what it can when the loop says so."""

    def __init__(self, loop: SharedLoop, ours: socket.socket) -> None:
        self._loop = loop
        self._socket = ours
        self.unsent = b""
        #: Who wrote.
        self.threads: list[int] = []
        self.received = b""
        self.heard = threading.Event()
        loop.add_handler(ours.fileno(), self._handle, loop.READ)

    def send(self, data: bytes) -> None:
        self.unsent += data
        self._loop.update_handler(self._socket.fileno(), self._loop.READ | self._loop.WRITE)

    def _handle(self, fd: int, events: int) -> None:
        if events & self._loop.WRITE:
            self.threads.append(threading.get_ident())
            try:
                self.unsent = self.unsent[self._socket.send(self.unsent) :]
            except BlockingIOError:
                return
            if not self.unsent:
                self._loop.update_handler(fd, self._loop.READ)
        if events & self._loop.READ:
            self.received = self._socket.recv(100)
            self.heard.set()
            if not self.received:
                self._loop.remove_handler(fd)


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A test names them before the loop: they are closed after it ended, which would else read from them."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(DEADLINE_SECONDS)
    with ours, theirs:
        yield ours, theirs


def _on(loop: SharedLoop, sockets: tuple[socket.socket, socket.socket]) -> Peer:
    made: list[Peer] = []
    there = threading.Event()
    loop.add_callback(lambda: (made.append(Peer(loop, sockets[0])), there.set())[0])
    assert there.wait(DEADLINE_SECONDS)
    return made[0]


def _now(loop: SharedLoop, task: object) -> None:
    """The thread of the loop may be about to begin to wait."""
    deadline = threading.Event()
    assert callable(task)
    for _ in range(10_000):
        if loop.call_now(task):
            return
        deadline.wait(0.001)
    raise AssertionError("the lock was never free")


def test_a_thread_writes_itself(sockets: tuple[socket.socket, socket.socket], loop: SharedLoop) -> None:
    peer = _on(loop, sockets)
    _now(loop, lambda: peer.send(b"hello"))
    assert (peer.unsent, peer.threads) == (b"", [threading.get_ident()])
    assert sockets[1].recv(100) == b"hello"


def test_the_loop_writes_what_the_system_did_not_take(
    sockets: tuple[socket.socket, socket.socket], loop: SharedLoop
) -> None:
    peer, size = _on(loop, sockets), 5_000_000
    _now(loop, lambda: peer.send(b"x" * size))
    assert peer.unsent
    received = 0
    while received < size:
        received += len(sockets[1].recv(1_000_000))
    assert set(peer.threads[1:]) - {threading.get_ident()}


def test_what_arrives_and_the_end_of_a_connection_are_told(
    sockets: tuple[socket.socket, socket.socket], loop: SharedLoop
) -> None:
    peer = _on(loop, sockets)
    sockets[1].send(b"hello")
    assert peer.heard.wait(DEADLINE_SECONDS)
    assert peer.received == b"hello"
    peer.heard.clear()
    sockets[1].close()
    assert peer.heard.wait(DEADLINE_SECONDS)
    assert peer.received == b""


def test_nothing_is_written_to_a_connection_that_is_being_opened(
    sockets: tuple[socket.socket, socket.socket], loop: SharedLoop
) -> None:
    told: list[int] = []

    def connect() -> None:
        loop.add_handler(sockets[0].fileno(), lambda fd, events: told.append(events), loop.WRITE)
        loop.write()
        assert told == []
        loop.remove_handler(sockets[0].fileno())

    _now(loop, connect)


def test_a_thread_does_not_wait_for_another_one(loop: SharedLoop) -> None:
    inside, go_on = threading.Event(), threading.Event()
    loop.add_callback(lambda: (inside.set(), go_on.wait(DEADLINE_SECONDS))[0])
    assert inside.wait(DEADLINE_SECONDS)
    called: list[str] = []
    assert not loop.call_now(lambda: called.append("now"))
    go_on.set()
    _now(loop, lambda: called.append("later"))
    assert called == ["later"]


def test_what_is_called_now_does_not_overtake_what_was_added_before(loop: SharedLoop) -> None:
    called: list[bool] = []
    _now(loop, lambda: (loop.add_callback(lambda: None), called.append(loop.call_now(lambda: None)))[0])
    assert called == [False]


def test_timers_come_in_their_order_and_not_once_they_were_removed(loop: SharedLoop) -> None:
    called: list[str] = []
    done = threading.Event()

    def plan() -> None:
        loop.call_later(0.02, lambda: (called.append("late"), done.set())[0])
        loop.remove_timeout(loop.call_later(0.01, lambda: called.append("removed")))
        loop.call_later(0.01, lambda: called.append("early"))

    _now(loop, plan)  # the thread of the loop has no reason of its own to wake up
    assert done.wait(DEADLINE_SECONDS)
    assert called == ["early", "late"]


def test_errors_are_told_and_the_loop_goes_on(loop: SharedLoop, errors: list[Exception]) -> None:
    done = threading.Event()

    def fail() -> None:
        raise ValueError("one")

    loop.add_callback(fail)
    loop.add_callback(done.set)
    assert done.wait(DEADLINE_SECONDS)
    _now(loop, fail)
    assert [str(error) for error in errors] == ["one", "one"]
    errors.clear()
