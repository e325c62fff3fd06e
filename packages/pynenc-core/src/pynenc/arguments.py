"""The values of one call, by parameter name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


class Arguments:
    """Values by parameter name, as bound to a function's signature with its defaults.

    Args:
        kwargs: Values by parameter name.
    """

    __slots__ = ("kwargs",)

    def __init__(self, kwargs: Mapping[str, Any] | None = None) -> None:
        self.kwargs: dict[str, Any] = dict(kwargs or {})

    @classmethod
    def from_call(cls, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Arguments:
        """Bind values to the signature of ``func``; raises TypeError when they do not fit."""
        bound = inspect.signature(func).bind(*args, **kwargs)
        bound.apply_defaults()
        return cls(bound.arguments)

    def __repr__(self) -> str:
        # Values may hold secrets: only the names are shown unless somebody asks for kwargs.
        return f"Arguments({', '.join(self.kwargs)})"

    def __eq__(self, other: object) -> bool:
        raise NotImplementedError("compare .kwargs, or the args_id of the calls")

    __hash__ = None  # type: ignore[assignment]  # the values may not be hashable
