"""What the entry point names: imported by every app, so it imports settings and no components."""

from __future__ import annotations

from typing import Any

from pynenc.contracts.plugin import Plugin
from pynenc_toy.conf import (
    ConfigBrokerToy,
    ConfigClientDataStoreToy,
    ConfigOrchestratorToy,
    ConfigStateBackendToy,
    ConfigToy,
    ConfigTriggerToy,
)

_COMPONENTS = {
    "orchestrator_cls": "ToyOrchestrator",
    "broker_cls": "ToyBroker",
    "state_backend_cls": "ToyStateBackend",
    "client_data_store_cls": "ToyClientDataStore",
    "trigger_cls": "ToyTrigger",
}


def toy(builder: Any, box: str | None = None) -> Any:
    """``PynencBuilder().toy("box")``: keep everything in the toy box of this process."""
    if box is not None:
        builder.custom_config(toy_box=box)
    return builder.custom_config(**_COMPONENTS)


def require_threads(values: dict[str, Any]) -> None:
    """Refuse a runner with processes of its own, which would find their boxes empty."""
    if values.get("broker_cls") == "ToyBroker" and "Process" in values.get("runner_cls", ""):
        raise ValueError("toys cannot be shared with other processes: use thread_runner()")


plugin = Plugin(
    name="toy",
    components={name: f"pynenc_toy.components.{name}" for name in _COMPONENTS.values()},
    config_classes=(
        ConfigToy,
        ConfigOrchestratorToy,
        ConfigBrokerToy,
        ConfigStateBackendToy,
        ConfigClientDataStoreToy,
        ConfigTriggerToy,
    ),
    builder_methods={"toy": toy},
    validators=(require_threads,),
    requires_core="1.0",
)
