"""Which calls and events a condition is about, by their arguments or payload."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from pynenc.exceptions import TriggerError
from pynenc.trigger.arguments.arguments_common import name_of, require_callable


class ArgumentFilter(ABC):
    """Says yes or no to values by name."""

    @abstractmethod
    def matches(self, values: Mapping[str, Any]) -> bool:
        """Whether the values are wanted."""

    @property
    @abstractmethod
    def spec(self) -> str:
        """Equal for filters that decide alike."""

    @property
    def callback(self) -> Callable[..., Any] | None:
        """The user's function, if there is one."""
        return None


class StaticArgumentFilter(ArgumentFilter):
    """Wants certain values under certain names; others may be there as well."""

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        self.wanted = dict(wanted)

    def matches(self, values: Mapping[str, Any]) -> bool:
        """Whether each wanted value is there and equal."""
        return all(name in values and values[name] == value for name, value in self.wanted.items())

    @property
    def spec(self) -> str:
        """The wanted values."""
        return json.dumps(self.wanted, sort_keys=True, default=repr)


class CallableArgumentFilter(ArgumentFilter):
    """Asks a function, which must return a bool."""

    def __init__(self, function: Callable[[dict[str, Any]], bool]) -> None:
        require_callable(function, "a filter")
        self.function = function

    def matches(self, values: Mapping[str, Any]) -> bool:
        """What the function says of a dict of the values.

        Raises:
            TriggerError: it returned something else than a bool.
        """
        return require_bool(self.function(dict(values)), self.function)

    @property
    def spec(self) -> str:
        """The function's name."""
        return name_of(self.function)

    @property
    def callback(self) -> Callable[..., Any]:
        """The function."""
        return self.function


def make_filter(given: Mapping[str, Any] | Callable[[dict[str, Any]], bool] | None) -> ArgumentFilter | None:
    """What users give for a filter; None wants everything.

    Raises:
        TriggerError: it is neither a dict nor a function.
    """
    if given is None or isinstance(given, ArgumentFilter):
        return given
    if isinstance(given, Mapping):
        return StaticArgumentFilter(given)
    return CallableArgumentFilter(given)


def require_bool(answer: object, function: Callable[..., Any]) -> bool:
    """Refuse truthy values: a filter that forgot to return would always say no."""
    if not isinstance(answer, bool):
        raise TriggerError(f"filter {name_of(function)!r} must return True or False, not {answer!r:.80}")
    return answer
