"""Fixtures that pytest finds by itself where pynenc-core is installed.

It is imported by every run of pytest, so everything else is imported when a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pynenc import Pynenc
    from pynenc.testing import FakeClock, Harness


@pytest.fixture
def pynenc_clock() -> FakeClock:
    """The clock of every harness of the test: ``pynenc_clock.now()``."""
    from pynenc.testing import FakeClock  # noqa: PLC0415  # not in every run of pytest

    return FakeClock()


@pytest.fixture
def pynenc_harness(pynenc_clock: FakeClock) -> Iterator[Callable[[Pynenc], Harness]]:
    """``pynenc_harness(app)`` puts an app into a harness until the end of the test, and returns that."""
    from pynenc.testing import Harness  # noqa: PLC0415  # not in every run of pytest

    with ExitStack() as stack:
        yield lambda app: stack.enter_context(Harness(app, pynenc_clock))
