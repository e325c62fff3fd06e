from __future__ import annotations

import pytest

from pynenc.serializer import JsonPickleSerializer, JsonSerializer, PickleSerializer


@pytest.fixture
def serializer() -> JsonSerializer:
    return JsonSerializer()


@pytest.fixture(params=[PickleSerializer, JsonPickleSerializer])
def any_object_serializer(request: pytest.FixtureRequest) -> PickleSerializer | JsonPickleSerializer:
    return request.param()
