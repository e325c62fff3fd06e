"""The only list of backends in the tests."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from integration.backends.parts import Backend, Parts, Site

from pynenc.values.capabilities import Capabilities

#: Name -> where its ``Backend`` object is. Only what a run asks for is imported.
BACKENDS = {
    "mem": "integration.backends.mem:BACKEND",
    "sqlite": "integration.backends.sqlite:BACKEND",
    "redis": "integration.backends.redis:BACKEND",
    "redis_cluster": "integration.backends.redis:CLUSTER",
    "sqlite_split": "integration.backends.mixed:SQLITE_SPLIT",
    "rabbitmq": "integration.backends.rabbitmq:BACKEND",
    "rabbitmq_redis": "integration.backends.rabbitmq_redis:BACKEND",
    "mongodb": "integration.backends.mongodb:BACKEND",
    "rabbitmq_mongodb": "integration.backends.rabbitmq_mongodb:BACKEND",
    "redis_mongodb": "integration.backends.redis_mongodb:BACKEND",
}


_NO_CAPABILITIES = Capabilities(durable=False, multi_process=False, push=False)


def load(name: str) -> Backend:
    """One backend of the list; without its driver it is one that cannot be reached."""
    module, _, attribute = BACKENDS[name].partition(":")
    try:
        backend = getattr(import_module(module), attribute)
    except ImportError as error:
        return Backend(
            name,
            _cannot_build,
            _NO_CAPABILITIES,
            _no_settings,
            unreachable=f"cannot be imported: {error}".__str__,
        )
    assert isinstance(backend, Backend)
    return backend


def _no_settings(folder: Path) -> dict[str, Any]:
    return {}


def _cannot_build(site: Site, app_id: str) -> Parts:
    raise AssertionError("a backend that cannot be imported was built")


def register_module(module: str) -> str:
    """Add the backend of an installed plugin: a module with an attribute ``BACKEND``; returns its name."""
    backend = import_module(module).BACKEND
    assert isinstance(backend, Backend), f"{module}.BACKEND is not a Backend"
    assert backend.name not in BACKENDS, f"there is a backend '{backend.name}' already"
    BACKENDS[backend.name] = f"{module}:BACKEND"
    return backend.name
