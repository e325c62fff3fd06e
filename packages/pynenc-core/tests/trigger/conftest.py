"""Apps by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from .triggered_app import World, log


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    log.clear()
    with ExitStack() as stack:
        yield lambda **conf: World(stack.enter_context, conf)


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()
