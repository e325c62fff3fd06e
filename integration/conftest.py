"""Which backends a run is about, and the world that each test gets."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from integration.backends import BACKENDS, load, register_module
from integration.backends.parts import Backend, Site
from integration.clocks import ManualClock
from integration.servers.provider import stop_all
from integration.world import World

#: Names of the backends that have to be reachable, separated by commas; ``all`` for every one.
REQUIRE = "PYNENC_TEST_REQUIRE"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backend", action="append", default=[], help="only this backend; may be repeated")
    parser.addoption(
        "--backend-module", action="append", default=[], help="a module with a BACKEND to test too"
    )


def pytest_configure(config: pytest.Config) -> None:
    added = [register_module(module) for module in config.getoption("--backend-module")]
    chosen = [name for option in config.getoption("--backend") for name in option.split(",")]
    unknown = [name for name in chosen if name not in BACKENDS]
    if unknown:
        raise pytest.UsageError(f"unknown backend {unknown[0]!r}; there are: {', '.join(BACKENDS)}")
    config.stash[_CHOSEN] = chosen or added or list(BACKENDS)
    for name in config.stash[_CHOSEN]:
        # Here, so that the processes of pytest-xdist find the servers started, and their addresses exported.
        load(name).unreachable()


def pytest_unconfigure() -> None:
    stop_all()


_CHOSEN = pytest.StashKey[list[str]]()


def pytest_report_header(config: pytest.Config) -> list[str]:
    lines = []
    for name in config.stash[_CHOSEN]:
        backend = load(name)
        lines.append(f"backend {name}: {backend.unreachable() or backend.provider()}")
    return lines


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        backends = [load(name) for name in metafunc.config.stash[_CHOSEN]]
        parameters = [pytest.param(one, id=one.name, marks=one.marks) for one in backends]
        metafunc.parametrize("backend", parameters, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # It judges what the others did, so it comes last.
    items.sort(key=lambda item: item.path.name == "test_completeness.py")


@pytest.fixture(scope="session")
def whole_suite(request: pytest.FixtureRequest) -> bool:
    """Whether every test of the contract suite runs in this process."""
    config = request.config
    narrowed = [
        config.getoption(name, None) for name in ("keyword", "markexpr", "lf", "failedfirst", "deselect")
    ]
    suite = set((Path(__file__).parent / "contract").glob("test_*.py"))
    return (
        not any(narrowed)
        and not any("::" in argument for argument in config.args)
        and not hasattr(config, "workerinput")
        and suite <= {item.path for item in request.session.items}
    )


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    """One backend after the other."""
    chosen: Backend = request.param
    reason = chosen.unreachable()
    if reason is not None:
        required = os.environ.get(REQUIRE, "").split(",")
        if chosen.name in required or "all" in required:
            pytest.fail(f"{REQUIRE} names '{chosen.name}', but: {reason}")
        pytest.skip(f"backend '{chosen.name}': {reason}")
    return chosen


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A folder and a clock of its own for each test."""
    return Site(tmp_path, ManualClock())


@pytest.fixture
def world(backend: Backend, site: Site) -> Iterator[World]:
    """An empty app."""
    made = World(backend, site, f"contract-{uuid.uuid4().hex}")
    yield made
    made.clear()
