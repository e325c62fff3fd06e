"""Telling a queue of its own about work. The record is what counts: a hint that fails costs latency only."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from pynenc.engine.components import Components
from pynenc.engine.patience import PASSING
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.5


def push_hints(
    components: Components,
    ids: Sequence[InvocationId],
    *,
    front: bool = False,
    patience_seconds: float = 0.0,
    prepared: Callable[[], None] | None = None,
) -> None:
    """Push ids; when that fails, for as long as ``patience_seconds``, the runner that sweeps does it later.

    Never raises: what the hints are about is committed already. ``prepared`` pushes the same for the first time.
    """
    if not ids or components.record_is_queue:
        return None
    deadline = time.monotonic() + patience_seconds
    pause = _FIRST_PAUSE_SECONDS
    push = prepared or partial(components.broker.push, ids, front=front)
    while True:
        try:
            return push()
        except StoreError as error:
            if not isinstance(error, PASSING) or time.monotonic() + pause > deadline:
                logger.warning(
                    "%d accepted invocations are not queued yet (%s); a runner will do it", len(ids), error
                )
                return None
        push = partial(components.broker.push, ids, front=front)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
