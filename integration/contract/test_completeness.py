"""Nobody gets through by leaving something out: every contract method was called on every backend."""

from __future__ import annotations

from abc import ABCMeta

import pytest
from integration.backends.parts import Backend
from integration.recording import CALLED
from integration.world import World

from pynenc.contracts import (
    BaseBroker,
    BaseClientDataStore,
    BaseMonitorStore,
    BaseOrchestrator,
    BaseStateBackend,
    BaseStore,
    BaseTrigger,
    BaseWatch,
)

CONTRACTS = (
    BaseBroker,
    BaseClientDataStore,
    BaseMonitorStore,
    BaseOrchestrator,
    BaseStateBackend,
    BaseStore,
    BaseTrigger,
    BaseWatch,
)
#: How an app makes components: used to build every world.
_CONSTRUCTION = {"store_key", "make_store", "on_store"}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_method_is_exercised(world: World, contract: ABCMeta, whole_suite: bool) -> None:
    if not whole_suite:
        pytest.skip("only a part of the contract suite runs in this process")
    backend = world.backend
    if contract is BaseMonitorStore:
        _ = world.monitor  # skipped, visibly, where a backend has none
    called = {method for name, of, method in CALLED if (name, of) == (backend.name, contract.__name__)}
    assert set(contract.__abstractmethods__) - _CONSTRUCTION - called == set()


def test_every_mark_of_a_backend_has_a_reason(backend: Backend) -> None:
    for mark in backend.marks:
        assert mark.kwargs.get("reason") or mark.name not in ("skip", "skipif", "xfail"), mark
