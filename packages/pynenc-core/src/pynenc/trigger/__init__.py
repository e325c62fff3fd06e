"""Tasks that are run by themselves: at a time, on an event, on what becomes of other tasks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pynenc.contracts.trigger import BaseTrigger
from pynenc.trigger.conditions.base import ConditionId
from pynenc.trigger.definition import TriggerDefinition, TriggerDefinitionId
from pynenc.trigger.trigger_builder import TriggerBuilder, on_cron, on_event, on_status
from pynenc.trigger.trigger_context import TriggerContext

if TYPE_CHECKING:
    from pynenc.backends.mem.trigger import MemTrigger
    from pynenc.backends.sqlite.trigger import SQLiteTrigger

__all__ = [
    "BaseTrigger",
    "ConditionId",
    "MemTrigger",
    "SQLiteTrigger",
    "TriggerBuilder",
    "TriggerContext",
    "TriggerDefinition",
    "TriggerDefinitionId",
    "on_cron",
    "on_event",
    "on_status",
]

#: Imported when they are used: every app imports this module.
_BACKENDS = {"MemTrigger": "pynenc.backends.mem.trigger", "SQLiteTrigger": "pynenc.backends.sqlite.trigger"}


def __getattr__(name: str) -> Any:
    if name not in _BACKENDS:
        raise AttributeError(f"module 'pynenc.trigger' has no attribute {name!r}")
    return getattr(import_module(_BACKENDS[name]), name)
