"""Filters and argument providers of triggers."""

from pynenc.exceptions import ArgumentProviderError, NonModuleLevelFunctionError
from pynenc.trigger.arguments.argument_filters import (
    ArgumentFilter,
    CallableArgumentFilter,
    StaticArgumentFilter,
)
from pynenc.trigger.arguments.argument_providers import (
    ArgumentProvider,
    ContextArgumentProvider,
    StaticArgumentProvider,
    TriggerContextArgumentProvider,
)
from pynenc.trigger.arguments.result_filter import CallableResultFilter, ResultFilter, StaticResultFilter

__all__ = [
    "ArgumentFilter",
    "ArgumentProvider",
    "ArgumentProviderError",
    "CallableArgumentFilter",
    "CallableResultFilter",
    "ContextArgumentProvider",
    "NonModuleLevelFunctionError",
    "ResultFilter",
    "StaticArgumentFilter",
    "StaticArgumentProvider",
    "StaticResultFilter",
    "TriggerContextArgumentProvider",
]
