from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pynenc_rabbitmq.loop import SharedLoop

DEADLINE_SECONDS = 10.0


@pytest.fixture
def errors() -> list[Exception]:
    """What the loop was told that went wrong; a test that means it to takes them out."""
    return []


@pytest.fixture
def loop(errors: list[Exception]) -> Iterator[SharedLoop]:
    """One that a thread runs."""
    loop = SharedLoop(errors.append)
    thread = threading.Thread(target=loop.start)
    thread.start()
    yield loop
    loop.stop()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    loop.close()
    assert errors == []
