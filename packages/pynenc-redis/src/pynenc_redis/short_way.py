"""Whether calls may be appended without a script, which knows the time, and what time it is on the server."""

from __future__ import annotations

import time
from typing import Any

#: For so long the difference between the two clocks is trusted.
_TRUSTED_SECONDS = 1.0
#: An answer that took longer says too little about it.
_PROMPT_SECONDS = 0.05


class ShortWay:
    """What the last script said: see ``lua/new.lua``."""

    def __init__(self) -> None:
        #: What the server's clock is ahead of this one, and until when that is trusted, by the latter.
        self._known = (0.0, 0.0)

    def note(self, answer: Any, asked_at: float) -> list[Any]:
        """Look whether an answer says that it is open.

        Args:
            answer: Rows, or the server's time as a text if it is open.
            asked_at: When the script was sent, in seconds since 1970.

        Returns:
            The rows.
        """
        if not isinstance(answer, str):
            return list(answer)
        now = time.time()
        if answer and 0 <= now - asked_at < _PROMPT_SECONDS:
            self._known = (float(answer) - now, now + _TRUSTED_SECONDS)
        else:
            self.close()
        return []

    def now(self) -> float | None:
        """Seconds since 1970 by the clock of the server; None while it is not open."""
        ahead, until = self._known
        now = time.time()
        # A clock that was set back is trusted no longer than one that goes on.
        return now + ahead if until - _TRUSTED_SECONDS <= now < until else None

    def close(self) -> None:
        """Until the next answer."""
        self._known = (0.0, 0.0)
