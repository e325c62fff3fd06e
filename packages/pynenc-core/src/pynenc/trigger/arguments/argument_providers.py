"""Where the arguments of the triggered task come from."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from pynenc.exceptions import ArgumentProviderError
from pynenc.trigger.arguments.arguments_common import name_of, require_callable
from pynenc.trigger.conditions.base import ConditionContext
from pynenc.trigger.trigger_context import TriggerContext

C = TypeVar("C", bound=ConditionContext)


class ArgumentProvider(ABC):
    """Makes the arguments of one run."""

    @abstractmethod
    def get_arguments(self, context: TriggerContext) -> dict[str, Any]:
        """Values by parameter name.

        Raises:
            ArgumentProviderError: it has nothing to say about this context.
        """

    @property
    def spec(self) -> str:
        """Equal for providers that provide alike."""
        return type(self).__qualname__

    @property
    def callback(self) -> Callable[..., Any] | None:
        """The user's function, if there is one."""
        return None


class StaticArgumentProvider(ArgumentProvider):
    """The same values for each run."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def get_arguments(self, context: TriggerContext) -> dict[str, Any]:
        """The values."""
        return dict(self.values)

    @property
    def spec(self) -> str:
        """The values."""
        return json.dumps(self.values, sort_keys=True, default=repr)


class TriggerContextArgumentProvider(ArgumentProvider):
    """Asks a function that is given everything that led to the run."""

    def __init__(self, function: Callable[[TriggerContext], Mapping[str, Any]]) -> None:
        require_callable(function, "an argument provider")
        self.function = function

    def get_arguments(self, context: TriggerContext) -> dict[str, Any]:
        """What the function returns."""
        return _require_dict(self.function(context), self.function)

    @property
    def spec(self) -> str:
        """The function's name."""
        return name_of(self.function)

    @property
    def callback(self) -> Callable[..., Any]:
        """The function."""
        return self.function


class ContextArgumentProvider(ArgumentProvider, Generic[C]):
    """Asks a function that is given the first context of one kind."""

    def __init__(self, context_cls: type[C], function: Callable[[C], Mapping[str, Any]]) -> None:
        require_callable(function, "an argument provider")
        self.context_cls = context_cls
        self.function = function

    def get_arguments(self, context: TriggerContext) -> dict[str, Any]:
        """What the function returns."""
        found = context.first(self.context_cls)
        if found is None:
            raise ArgumentProviderError(
                f"provider {name_of(self.function)!r} wants a {self.context_cls.__name__}, but this run has none"
            )
        return _require_dict(self.function(found), self.function)

    @property
    def spec(self) -> str:
        """The kind of context, and the function's name."""
        return f"{self.context_cls.__name__}:{name_of(self.function)}"

    @property
    def callback(self) -> Callable[..., Any]:
        """The function."""
        return self.function


def arguments_of(providers: tuple[ArgumentProvider, ...], context: TriggerContext) -> dict[str, Any]:
    """What the first provider that succeeds provides; nothing when there are none.

    Raises:
        ArgumentProviderError: each of them failed; the message has all reasons, the cause is the first error.
    """
    errors: list[Exception] = []
    for provider in providers:
        try:
            return provider.get_arguments(context)
        except Exception as error:  # noqa: BLE001  # boundary: the user's function
            errors.append(error)
    if errors:
        reasons = "; ".join(f"{type(error).__name__}: {error}" for error in errors)
        raise ArgumentProviderError(f"no argument provider succeeded: {reasons}") from errors[0]
    return {}


def _require_dict(given: object, function: Callable[..., Any]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ArgumentProviderError(
            f"provider {name_of(function)!r} must return a dict of arguments by name, not {given!r:.80}"
        )
    return dict(given)
