"""Who is logged in, who has tried too often, and who asks too often.

All of it is kept in memory: after a restart people log in again.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from pynmon.identity import AccessToken

_IDLE_SECONDS = 12 * 3600.0
_MOST_SESSIONS = 1_000


class Sessions:
    """The sessions of browsers; one ends after twelve hours without a request.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: By id, the one used last at the end; guarded by self._lock.
        self._sessions: OrderedDict[str, tuple[AccessToken, float]] = OrderedDict()

    def open(self, token: AccessToken) -> str:
        """A new session of the token's owner; returns its id, which is a secret."""
        session_id = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[session_id] = (token, self._clock())
            while len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return session_id

    def find(self, session_id: str) -> AccessToken | None:
        """Whose session it is; None when it is none, or has ended."""
        with self._lock:
            found = self._sessions.pop(session_id, None)
            if found is None or self._clock() - found[1] > _IDLE_SECONDS:
                return None
            self._sessions[session_id] = (found[0], self._clock())
            return found[0]

    def close(self, session_id: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(session_id, None)


class Attempts:
    """Refuses addresses from which too many wrong tokens came.

    Args:
        clock: Seconds that only grow.
    """

    MOST = 10
    SECONDS = 60.0
    _MOST_ADDRESSES = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: When it failed, by address; guarded by self._lock.
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def is_allowed(self, address: str) -> bool:
        """Whether another token from there is looked at."""
        with self._lock:
            times = self._failures.get(address)
            return times is None or len(times) < self.MOST or self._clock() - times[0] > self.SECONDS

    def note_failure(self, address: str) -> None:
        """A wrong token came from there."""
        with self._lock:
            times = self._failures.setdefault(address, deque(maxlen=self.MOST))
            times.append(self._clock())
            self._failures.move_to_end(address)
            while len(self._failures) > self._MOST_ADDRESSES:
                self._failures.popitem(last=False)


class Rates:
    """Refuses whoever asks more often than is allowed, after a reserve is used up.

    Args:
        per_second: How fast the reserve grows again; 0 refuses nobody.
        clock: Seconds that only grow.
    """

    _RESERVE_SECONDS = 10.0
    _MOST_CLIENTS = 10_000

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._full = per_second * self._RESERVE_SECONDS
        self._clock = clock
        self._lock = threading.Lock()
        #: What is left, and when that was, by client, the one seen last at the end; guarded by self._lock.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> bool:
        """Whether one more request of a client is answered."""
        if not self._per_second:
            return True
        with self._lock:
            now = self._clock()
            left, seen_at = self._left.pop(client, (self._full, now))
            left = min(self._full, left + (now - seen_at) * self._per_second)
            is_allowed = left >= 1
            self._left[client] = (left - is_allowed, now)
            while len(self._left) > self._MOST_CLIENTS:
                self._left.popitem(last=False)
            return is_allowed
