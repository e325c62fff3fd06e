from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from pynenc import Pynenc
from pynenc.testing.faulty_store import with_faults


@pytest.fixture
def app() -> Iterator[Pynenc]:
    """In memory, with stores that fail where a test injects it."""
    app = Pynenc(with_faults({"app_id": uuid.uuid4().hex}))
    yield app
    app.close()
