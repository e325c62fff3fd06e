"""What every page is given, and how an address is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, HTTPException, Request
from fastapi.responses import RedirectResponse

from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import Like, RecordFilter, RestsIn, TextField
from pynenc.values.status import InvocationStatus
from pynmon.actions import Actions
from pynmon.identity import identity_of
from pynmon.query.grammar import QueryError, parse
from pynmon.query.meaning import Scene, along_indexes, conditions_of
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


# These are coroutines, although they wait for nothing: FastAPI gives each that is none a thread, and a request waits
# for each of these threads while others have the interpreter.
async def _source(request: Request) -> Source:
    identity = identity_of(request.scope)
    hides = identity is not None and not identity.sees_payloads
    source: Source = request.app.state.reticent_source if hides else request.app.state.source
    return source


async def _views(request: Request) -> Views:
    views: Views = request.app.state.views
    return views


async def _actions(request: Request) -> Actions:
    actions: Actions = request.app.state.actions
    return actions


async def _to(request: Request) -> To:
    def to(name: str, **ids: str) -> RedirectResponse:
        # Ids of triggers may hold what means something in an address.
        safe = {key: quote(value, safe="/") for key, value in ids.items()}
        return RedirectResponse(str(request.url_for(name, **safe).path), 303)

    return to


#: From the name of a page and what stands in its address to the answer to a form that leads there.
To = Callable[..., RedirectResponse]
ToOf = Annotated[To, Depends(_to)]
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


def asked(source: Source, text: str, now: float | None = None) -> list[RecordFilter]:
    """What a query asks for, at an instant if one is named.

    Raises:
        QueryError: the text says nothing that can be looked for.
    """
    if not text:
        return []
    at = source.now() if now is None else now
    return conditions_of(text, Scene(at, source.gone_runners, source.slow_runs, source.sees_payloads))


def query_of(source: Source, text: str, *others: RecordFilter, now: float | None = None) -> RecordQuery:
    """What a query and other conditions ask for together, at an instant if one is named.

    Raises:
        QueryError: the text says nothing that can be looked for.
    """
    return along_indexes([*asked(source, text, now), *others])


@dataclass(frozen=True, slots=True)
class Question:
    """The query of an address, as a page uses and shows it."""

    text: str
    #: All of them have to hold; none when something is wrong.
    conditions: list[RecordFilter] = field(default_factory=list)
    #: What is wrong with the text.
    problem: QueryError | None = None
    #: Each term, and the address without it.
    terms: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status_code(self) -> int:
        """Of the answer."""
        return 422 if self.problem else 200


def question_of(source: Source, text: str, rest: Iterable[tuple[str, str]] = ()) -> Question:
    """What a text asks for.

    Args:
        source: Knows what the text may refer to.
        text: The query.
        rest: What else the address says, for the terms.
    """
    try:
        conditions = asked(source, text)
    except QueryError as error:
        return Question(text, problem=error)
    others = [(name, value) for name, value in rest if value]
    terms = [
        (
            text[node.at : node.end],
            urlencode([("q", f"{text[: node.at]} {text[node.end :]}".strip()), *others]),
        )
        for node in parse(text)
    ]
    return Question(text, conditions, terms=terms)


def filters_of(
    statuses: Collection[InvocationStatus] | None, task: str, root: str = ""
) -> list[RecordFilter]:
    """The conditions of an address that are no query; what is empty is none."""
    found: list[RecordFilter] = [RestsIn(frozenset(statuses))] if statuses else []
    named = ((TextField.TASK_ID, task), (TextField.ROOT_ID, root))
    return found + [Like(field, (value,)) for field, value in named if value]
