"""Notes which methods of which contract the tests have called, per backend."""

from __future__ import annotations

from typing import TypeVar, cast

#: (backend, contract, method)
CALLED: set[tuple[str, str, str]] = set()

_T = TypeVar("_T")


class _Recorded:
    """Hands everything on to the real object."""

    def __init__(self, backend: str, contract: type[object], target: object) -> None:
        self.__dict__.update(_backend=backend, _contract=contract, _target=target)

    def __getattr__(self, name: str) -> object:
        fields = self.__dict__
        CALLED.add((fields["_backend"], fields["_contract"].__name__, name))
        return getattr(fields["_target"], name)


def recorded(backend: str, contract: type[_T], target: _T) -> _T:
    """``target``, with a note of every access to an attribute."""
    return cast("_T", _Recorded(backend, contract, target))
