"""Which results a condition is about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from pynenc.trigger.arguments.argument_filters import require_bool
from pynenc.trigger.arguments.arguments_common import name_of


class ResultFilter(ABC):
    """Says yes or no to a result."""

    @abstractmethod
    def matches(self, result: Any) -> bool:
        """Whether the result is wanted."""

    @property
    @abstractmethod
    def spec(self) -> str:
        """Equal for filters that decide alike."""

    @property
    def callback(self) -> Callable[..., Any] | None:
        """The user's function, if there is one."""
        return None


class StaticResultFilter(ResultFilter):
    """Wants an equal result."""

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted

    def matches(self, result: Any) -> bool:
        """Whether it is equal."""
        return bool(result == self.wanted)

    @property
    def spec(self) -> str:
        """The wanted result."""
        return repr(self.wanted)


class CallableResultFilter(ResultFilter):
    """Asks a function, which must return a bool."""

    def __init__(self, function: Callable[[Any], bool]) -> None:
        self.function = function

    def matches(self, result: Any) -> bool:
        """What the function says."""
        return require_bool(self.function(result), self.function)

    @property
    def spec(self) -> str:
        """The function's name."""
        return name_of(self.function)

    @property
    def callback(self) -> Callable[..., Any]:
        """The function."""
        return self.function


def make_result_filter(given: Any) -> ResultFilter:
    """A function asks, everything else is compared."""
    if isinstance(given, ResultFilter):
        return given
    return CallableResultFilter(given) if callable(given) else StaticResultFilter(given)
