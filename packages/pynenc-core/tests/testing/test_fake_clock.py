from __future__ import annotations

import pytest

from pynenc.testing import FakeClock


def test_it_stands_still_until_it_is_advanced() -> None:
    clock = FakeClock(start=1000.0)
    assert (clock.now(), clock.monotonic()) == (1000.0, 0.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (1002.5, 2.5)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_it_does_not_go_backwards(seconds: float) -> None:
    with pytest.raises(ValueError, match="cannot be advanced"):
        FakeClock().advance(seconds)
