"""The loop under the driver's connection: one thread waits for the network, and any thread may write meanwhile.

The driver knows nothing of threads, so whoever uses it has the lock of the loop; the loop has it whenever it does not
wait. It is the interface that the driver has for loops of other libraries.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import math
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

_BROKEN = select.POLLHUP | select.POLLERR | select.POLLNVAL
_Callback = Callable[[], None]
_Handler = Callable[[int, int], None]


class Timer:
    """Something that is to happen at a time."""

    __slots__ = ("at", "callback", "number")

    def __init__(self, at: float, number: int, callback: _Callback) -> None:
        self.at = at
        self.number = number
        #: None once it is not to happen any more.
        self.callback: _Callback | None = callback

    def __lt__(self, other: Timer) -> bool:
        return (self.at, self.number) < (other.at, other.number)


class SharedLoop:
    """Calls handlers, timers and callbacks on the thread of ``start``, with the lock.

    Args:
        on_error: Called, also with the lock, with what one of these raises.
    """

    READ, WRITE, ERROR = select.POLLIN, select.POLLOUT, select.POLLERR

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        #: Whoever has it may use what lives on this loop.
        self._lock = threading.Lock()
        # Any thread.
        self._callbacks: deque[_Callback] = deque()
        self._stopping = False
        #: Whether the thread waits, so that it has to be woken up.
        self._asleep = False
        self._bell = socket.socketpair()
        for end in self._bell:
            end.setblocking(False)
        # All guarded by self._lock.
        self._handlers: dict[int, _Handler] = {}
        #: What is waited for, by file descriptor.
        self._wanted: dict[int, int] = {}
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self._poll = select.poll()
        #: What the system was told of what is wanted.
        self._polled: dict[int, int] | None = None

    # -- any thread -----------------------------------------------------------------------------------

    def add_callback(self, callback: _Callback) -> None:
        """Have the thread of the loop call something soon, in the order of these calls."""
        self._callbacks.append(callback)
        self._wake()

    def call_now(self, task: _Callback) -> bool:
        """Call something with the lock on this very thread, and write what it wrote.

        False when somebody has the lock, or callbacks were added before: nobody waits here.
        """
        if self._callbacks or not self._lock.acquire(blocking=False):
            return False
        try:
            self._guard(task)
            if not self._guard(self.write):
                self._wake()
        finally:
            self._lock.release()
        return True

    def stop(self) -> None:
        """Let ``start`` return."""
        self._stopping = True
        self._wake()

    def close(self) -> None:
        """Release what the loop itself has open; after ``start`` returned."""
        for end in self._bell:
            end.close()

    # -- with the lock --------------------------------------------------------------------------------

    def write(self) -> bool:
        """Give the system what waits for being written; False when it does not take all of it now.

        A connection that is being opened only listens for being writable, which says that it is open.
        """
        for fd, wanted in list(self._wanted.items()):
            if wanted & self.READ and wanted & self.WRITE:
                self._handlers[fd](fd, self.WRITE)
        left = 0
        for wanted in self._wanted.values():
            left |= wanted & self.WRITE
        return not left

    def call_later(self, delay: float, callback: _Callback) -> Timer:
        """Have the thread of the loop call something after so many seconds."""
        timer = Timer(time.monotonic() + delay, next(self._numbers), callback)
        heapq.heappush(self._timers, timer)
        self._wake()
        return timer

    def remove_timeout(self, timer: Timer) -> None:
        """Do not call it any more."""
        timer.callback = None

    def add_handler(self, fd: int, handler: _Handler, events: int) -> None:
        """Have the thread of the loop call ``handler`` with what happens at a file descriptor."""
        self._handlers[fd] = handler
        self._wanted[fd] = events
        self._wake()

    def update_handler(self, fd: int, events: int) -> None:
        """Wait for other events. What is to be written is, before the thread waits or ``call_now`` returns."""
        self._wanted[fd] = events

    def remove_handler(self, fd: int) -> None:
        """Wait for nothing there any more."""
        del self._handlers[fd], self._wanted[fd]
        self._wake()

    def _guard(self, callback: Callable[[], Any]) -> Any:
        try:
            return callback()
        except Exception as error:  # noqa: BLE001  # boundary: whoever made the loop knows what to do about it
            self._on_error(error)

    # -- the thread of the loop -----------------------------------------------------------------------

    def start(self) -> None:
        """Work until ``stop``."""
        with self._lock:
            while not self._stopping:
                self._call_due()
                for wanted in self._wanted.values():
                    if wanted & self.WRITE:
                        self._guard(self.write)
                        break
                for fd, events in self._wait():
                    try:
                        self._handle(fd, events)
                    except Exception as error:  # noqa: BLE001  # as in _guard: others wait for what arrives here
                        self._on_error(error)

    def _call_due(self) -> None:
        for _ in range(len(self._callbacks)):  # those that these add have their turn after the network
            self._guard(self._callbacks.popleft())
        now = time.monotonic()
        while self._timers and self._timers[0].at <= now:
            callback = heapq.heappop(self._timers).callback
            if callback is not None:
                self._guard(callback)

    def _wait(self) -> list[tuple[int, int]]:
        if self._polled != self._wanted:
            self._polled = dict(self._wanted)
            self._poll = select.poll()
            self._poll.register(self._bell[0], self.READ)
            for fd, events in self._polled.items():
                self._poll.register(fd, events)
        self._asleep = True
        # Looked at after that: whoever adds something from now on rings.
        timeout = None
        if self._callbacks or self._stopping:
            timeout = 0
        elif self._timers:
            timeout = max(0, math.ceil((self._timers[0].at - time.monotonic()) * 1000))
        self._lock.release()
        try:
            return self._poll.poll(timeout)
        finally:
            self._lock.acquire()
            self._asleep = False

    def _handle(self, fd: int, events: int) -> None:
        if fd == self._bell[0].fileno():
            self._bell[0].recv(1024)
            return
        wanted = self._wanted.get(fd, 0)  # another handler may have closed it just now
        if events & _BROKEN:
            events |= wanted
        if events & wanted:
            self._handlers[fd](fd, events & wanted)

    def _wake(self) -> None:
        if self._asleep:
            self._asleep = False
            with contextlib.suppress(OSError):  # it is being closed
                self._bell[1].send(b"\0")
