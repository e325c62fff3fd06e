from __future__ import annotations

import pytest

from pynenc import Pynenc
from pynenc.engine.heartbeat import Heartbeat
from pynenc.exceptions import StoreUnavailableError
from pynenc.testing.faulty_store import Fault, FaultMode, Faults, inject
from pynenc.values.ids import RunnerId
from pynenc.values.runners import RunnerIdentity

RUNNER = RunnerIdentity(runner_id=RunnerId("r"), runner_cls="ThreadRunner", host="here", pid=1)


@pytest.fixture
def heartbeat(app: Pynenc) -> Heartbeat:
    """One that beats only when it is started."""
    return Heartbeat(app.orchestrator, lambda: (RUNNER,), interval_seconds=3600.0, lease_seconds=10.0)


def test_a_runner_starts_although_the_reply_to_its_first_beat_is_lost(
    app: Pynenc, heartbeat: Heartbeat
) -> None:
    faults = Faults(Fault(1, FaultMode.ERROR_AFTER, "orchestrator.beat"))
    inject(app, faults)
    heartbeat.start()
    try:
        assert heartbeat.leads
        assert faults.calls == ["orchestrator.beat"] * 2
        assert [runner.identity for runner in app.orchestrator.list_runners()] == [RUNNER]
    finally:
        heartbeat.stop("clean")


def test_a_runner_does_not_start_where_its_store_cannot_be_reached(app: Pynenc, heartbeat: Heartbeat) -> None:
    inject(app, Faults(Fault(1, FaultMode.ERROR_BEFORE, "orchestrator.beat")))
    with pytest.raises(StoreUnavailableError):
        heartbeat.start()
    assert app.orchestrator.list_runners() == []
