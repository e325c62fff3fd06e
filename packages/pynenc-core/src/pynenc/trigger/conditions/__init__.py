"""What triggers react to."""

from pynenc.trigger.conditions.base import ConditionContext, ConditionId, TriggerCondition, ValidCondition
from pynenc.trigger.conditions.composite import CompositeCondition, CompositeLogic
from pynenc.trigger.conditions.cron import CronCondition, CronContext, Misfire, Overlap
from pynenc.trigger.conditions.event import EventCondition, EventContext
from pynenc.trigger.conditions.exception import ExceptionCondition, ExceptionContext
from pynenc.trigger.conditions.result import ResultCondition, ResultContext
from pynenc.trigger.conditions.status import StatusCondition, StatusContext

__all__ = [
    "CompositeCondition",
    "CompositeLogic",
    "ConditionContext",
    "ConditionId",
    "CronCondition",
    "CronContext",
    "EventCondition",
    "EventContext",
    "ExceptionCondition",
    "ExceptionContext",
    "Misfire",
    "Overlap",
    "ResultCondition",
    "ResultContext",
    "StatusCondition",
    "StatusContext",
    "TriggerCondition",
    "ValidCondition",
]
