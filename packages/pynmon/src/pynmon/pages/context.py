"""What every page is given, and how an address is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from pynenc.values.status import InvocationStatus
from pynmon.actions import Actions
from pynmon.source import Source
from pynmon.views import Views

#: Windows that end now.
RANGES = {
    "5m": 300.0,
    "15m": 900.0,
    "1h": 3600.0,
    "6h": 21600.0,
    "24h": 86400.0,
    "7d": 604800.0,
}


def _source(request: Request) -> Source:
    source: Source = request.app.state.source
    return source


def _views(request: Request) -> Views:
    views: Views = request.app.state.views
    return views


def _actions(request: Request) -> Actions:
    actions: Actions = request.app.state.actions
    return actions


SourceOf = Annotated[Source, Depends(_source)]
ViewsOf = Annotated[Views, Depends(_views)]
ActionsOf = Annotated[Actions, Depends(_actions)]


def seconds_of(name: str) -> float:
    """The length of a window; an unknown one is said, never replaced."""
    if name not in RANGES:
        raise HTTPException(422, f"There is no window {name!r}: choose one of {', '.join(RANGES)}.")
    return RANGES[name]


def statuses_of(names: Iterable[str]) -> frozenset[InvocationStatus] | None:
    """Statuses by their stored text; None for all."""
    try:
        return frozenset(map(InvocationStatus, names)) or None
    except ValueError as error:
        raise HTTPException(422, f"There is no such status: {error}.") from error
