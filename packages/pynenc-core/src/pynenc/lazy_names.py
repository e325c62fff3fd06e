"""Names of a package that are imported when they are first used, because every program imports the package."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package (PEP 562).

    Args:
        package: Its ``__name__``.
        homes: Name -> the module that defines it.

    Returns:
        A function that imports what it is asked for, and raises ``AttributeError`` for any other name.

    Example:
        ``__getattr__ = lazy_names(__name__, {"RedisBroker": "pynenc_redis.broker"})``
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return find
