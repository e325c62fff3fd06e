"""Tasks that are run by themselves: at a time, on an event, on what becomes of other tasks."""

from typing import TYPE_CHECKING

from pynenc.contracts.trigger import BaseTrigger
from pynenc.lazy_names import lazy_names
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

# Every app imports this module, and few need both of these.
__getattr__ = lazy_names(
    __name__, {"MemTrigger": "pynenc.backends.mem.trigger", "SQLiteTrigger": "pynenc.backends.sqlite.trigger"}
)
