"""Large values are stored once however many calls carry them, and removed when nothing refers to them."""

from __future__ import annotations

import time

import pytest
from integration.behaviour.conftest import RunningApp, eventually

from pynenc.engine import retention
from pynenc.engine.retention import DataCollector, delete_expired
from pynenc.engine.sweeper import Sweeper

TIMEOUT = 60
MEGABYTE = "x" * 1_000_000


def test_a_value_is_stored_once(running: RunningApp) -> None:
    calls = [running.tasks.measures(MEGABYTE, number) for number in range(50)]
    group = running.tasks.measures.parallelize(
        [{"number": number} for number in range(50, 100)], common_args={"text": MEGABYTE}
    )
    assert [call.get(TIMEOUT) for call in calls] == [1_000_000 + number for number in range(50)]
    assert group.get(TIMEOUT) == [1_000_000 + number for number in range(50, 100)]
    assert running.app.client_data_store.count() == 1
    assert group[0].record.arguments is None or len(group[0].record.arguments) < 300


def test_a_call_may_have_another_value_than_the_shared_one(running: RunningApp) -> None:
    items = [{"number": 1}, {"number": 2, "text": "small"}, {"number": 3, "text": "y" * 2_000_000}]
    group = running.tasks.measures.parallelize(items, common_args={"text": MEGABYTE})
    assert group.get(TIMEOUT) == [1_000_001, 7, 2_000_003]
    assert [len(one.call.arguments.kwargs["text"]) for one in group] == [1_000_000, 5, 2_000_000]


@pytest.mark.parametrize("settings", [{"disable_client_data_store": True}, {"min_size_to_cache": 10_000_000}])
@pytest.mark.parametrize("runner_cls", ["ThreadRunner"])
def test_small_values_stay_inline(running: RunningApp) -> None:
    assert running.tasks.lengthens(MEGABYTE, 2).get(TIMEOUT) == MEGABYTE * 2
    assert running.app.client_data_store.count() == 0


@pytest.mark.parametrize("runner_cls", ["ThreadRunner"])
def test_after_the_retention_nothing_remains(running: RunningApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MARGIN_SECONDS", 0.5)
    components = running.app.engine.components
    collector = DataCollector(components, 0.5)
    kept, gone = running.tasks.lengthens("kept" * 1000, 3), running.tasks.lengthens("gone" * 1000, 2)
    assert [len(call.get(TIMEOUT)) for call in (kept, gone)] == [12_000, 8000]
    assert components.client_data_store.count() == 4
    components.orchestrator.delete([gone.invocation_id])
    # Everything is unused for long enough, but one invocation still refers to two of the values.
    eventually(lambda: collector.step() == 0 and components.client_data_store.count() == 2)
    assert running.app.get_invocation(kept.invocation_id).result == "kept" * 3000
    eventually(lambda: delete_expired(components, 0.5) == 1)
    eventually(lambda: collector.step() >= 0 and components.client_data_store.count() == 0)


@pytest.mark.parametrize("runner_cls", ["ThreadRunner"])
@pytest.mark.parametrize(
    "settings", [{"auto_final_invocation_purge_hours": "1s", "sweep_interval_seconds": "20ms"}]
)
def test_the_runner_removes_what_is_old(sample: RunningApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MARGIN_SECONDS", 0.5)
    monkeypatch.setattr("pynenc.engine.sweeper._RETENTION_INTERVAL_SECONDS", 0.05)
    swept = []
    step = Sweeper._apply_retention
    monkeypatch.setattr(
        Sweeper, "_apply_retention", lambda self: swept.append(time.monotonic()) or step(self)
    )
    sample.start()
    used = [sample.tasks.measures(MEGABYTE, number).get(TIMEOUT) for number in range(2)]
    assert used == [1_000_000, 1_000_001]
    eventually(lambda: not sample.app.orchestrator.count_by_status())
    eventually(lambda: sample.app.client_data_store.count() == 0)
    assert swept
    assert sample.tasks.measures(MEGABYTE, 5).get(TIMEOUT) == 1_000_005
