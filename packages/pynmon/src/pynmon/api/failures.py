"""What fails, by kind, as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from pynmon.acknowledged import Acknowledged
from pynmon.answers import Json, problems
from pynmon.api import models
from pynmon.api.facts import QueryText, conditions_asked, invocation_model
from pynmon.argument_values import distributions
from pynmon.failures import Kind, kinds_of
from pynmon.pages.context import ActionsOf, SourceOf, seconds_of
from pynmon.pages.failures import known_as, latest_so
from pynmon.query.rows import narrowed

router = APIRouter(prefix="/api/v1", default_response_class=Json, responses=problems(401, 404, 503))


@router.get("/failures", name="api_failures")
def failures(
    source: SourceOf,
    actions: ActionsOf,
    range: str = "24h",
    q: QueryText = "",
    state: Annotated[
        str, Query(description="Only what is `acknowledged`, or `open`, which the rest is.")
    ] = "",
) -> models.FailureList:
    """What failed in a window that ends now, by kind, the most frequent first."""
    seconds = seconds_of(range)
    conditions = conditions_asked(source, q)
    rows = source.failed(seconds)
    found = narrowed(source.store, rows, conditions)
    now = source.now()
    known = actions.acknowledged
    return models.FailureList(
        window_seconds=seconds,
        is_cut=found.is_cut or len(rows) == source.settings.sample_limit,
        kinds=[
            _kind(one, known, now)
            for one in known_as(state, kinds_of(found.rows, now - seconds, now, 1), known, now)
        ],
    )


@router.get("/failures/{fingerprint}", name="api_failure")
def failure(source: SourceOf, fingerprint: str) -> models.FailureDetail:
    """The latest that failed so, and what they were called with."""
    records = latest_so(source, fingerprint).records
    if not records:
        raise HTTPException(404, f"There is no failure {fingerprint!r} among the latest.")
    return models.FailureDetail(
        fingerprint=fingerprint,
        latest=[invocation_model(one) for one in records],
        arguments=[
            models.ArgumentValues(
                name=one.name, number=one.number, different=one.different, values=dict(one.values)
            )
            for one in distributions(record.args_preview for record in records)
        ],
    )


def _kind(kind: Kind, known: Acknowledged, now: float) -> models.FailureKind:
    return models.FailureKind(
        fingerprint=kind.fingerprint or None,
        state=known.state_of(kind.fingerprint, kind.last_at, now),
        error_type=kind.error_type,
        number=kind.number,
        first_at=kind.first_at,
        last_at=kind.last_at,
        latest=kind.latest,
        tasks=dict(kind.tasks),
    )
