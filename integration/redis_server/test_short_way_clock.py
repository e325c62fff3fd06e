"""How long a client believes to know the time of its server."""

from __future__ import annotations

import time
from typing import Any

import pytest
from integration.clocks import eventually

from pynenc_redis.short_way import ShortWay


def test_the_time_of_the_server_is_known_for_a_while_only() -> None:
    way, now = ShortWay(), time.time()
    assert way.now() is None
    assert way.note(f"{now + 100:.6f}", now) == []
    known = way.now()
    assert known is not None
    assert known - time.time() == pytest.approx(100, abs=1)
    eventually(lambda: way.now() is None, "the time is not trusted any longer")
    way.note(f"{now + 100:.6f}", now - 1)
    assert way.now() is None, "an answer that took a second was believed"


@pytest.mark.parametrize("answer", [[], [["row"]]])
def test_rows_say_nothing_about_it(answer: list[Any]) -> None:
    way, now = ShortWay(), time.time()
    way.note(f"{now:.6f}", now)
    assert way.note(answer, now) == answer
    assert way.now() is not None
