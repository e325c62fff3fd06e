"""What fails, by kind: the same exception at the same place of the code is one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.monitor import Failed, RecordPage, RecordQuery
from pynenc.values.record_filter import Like, TextField
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.acknowledged import STATES, Acknowledged
from pynmon.argument_values import distributions
from pynmon.bulk.scope import MOST_CHOSEN
from pynmon.failures import Kind, kinds_of, trend_of
from pynmon.pages.context import RANGES, ActionsOf, SourceOf, ViewsOf, question_of, seconds_of
from pynmon.presentation import payloads
from pynmon.query.rows import MOST_RECORDS, narrowed
from pynmon.setbacks import Setback, setbacks
from pynmon.source import Source

router = APIRouter()
#: Kinds that are shown, failures of one kind that are listed, and columns of a trend.
_KINDS, _LATEST, _PARTS = 100, 25, 48
#: So many of one kind are looked at for what they have in common, and so many runners and workflows are named.
_ALIKE, _MOST = 100, 8
#: By term of a query, in words.
_NARROWER = {
    "is:retried": "after the last retry",
    "is:recovered": "after a recovery",
    "has:workflow": "in workflows",
}


@router.get("/failures", name="failures")
def failures(  # noqa: PLR0913, PLR0917 - one for each that the address may have
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    actions: ActionsOf,
    range: str = "24h",
    q: str = "",
    state: str = "",
    also: str = "",
) -> HTMLResponse:
    """Every kind, in two reads; a query may need the records of what failed, and what is asked for besides two more."""
    others = [("state", state), ("also", also)]
    wanted = _setbacks_of(also)
    question = question_of(source, q, [("range", range), *others])
    every, since, now, is_cut = _rows(source, range)
    found = narrowed(source.store, [] if question.problem else every, question.conditions)
    kinds = known_as(state, kinds_of(found.rows, since, now, _PARTS), actions.acknowledged, now)
    shown = kinds[:_KINDS]
    conditions = () if question.problem else question.conditions
    # No more than can be run again at once.
    besides = setbacks(source.store, wanted, conditions, now - seconds_of(range), now, _PARTS, MOST_CHOSEN)
    return views.page(
        request,
        "failures.html",
        status_code=question.status_code,
        now=now,
        question=question,
        searched=MOST_RECORDS if found.is_cut else None,
        kinds=shown,
        known={
            kind.fingerprint: actions.acknowledged.state_of(kind.fingerprint, kind.last_at, now)
            for kind in shown
        },
        state=state,
        also=also,
        wanted=wanted,
        besides=besides,
        most_setbacks=MOST_CHOSEN,
        rest=urlencode([one for one in others if one[1]]),
        toggles=[(one, _toggled(question.text, state, wanted, one)) for one in Setback],
        narrower=[(word, _also(question.text, term)) for term, word in _NARROWER.items()],
        left_out=len(kinds) - len(shown),
        latest=source.store.get_invocations([kind.latest for kind in shown]) if shown else {},
        total=sum(kind.number for kind in kinds),
        since=since,
        is_cut=is_cut,
        range=range,
        ranges=RANGES,
    )


@router.get("/failures/{fingerprint}", name="failure")
def failure(
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    actions: ActionsOf,
    fingerprint: str,
    range: str = "24h",
) -> HTMLResponse:
    """One kind: when, where, and how it looks."""
    every, since, now, is_cut = _rows(source, range)
    rows = [row for row in every if row.fingerprint == fingerprint]
    page = latest_so(source, fingerprint)
    if not page.records and not rows:
        raise HTTPException(
            404, f"There is no failure {fingerprint!r} among the latest: it never happened, or is long ago."
        )
    latest = page.records[0] if page.records else None
    return views.page(
        request,
        "failure.html",
        now=now,
        fingerprint=fingerprint,
        latest=latest,
        known=actions.acknowledged.state_of(fingerprint, latest.ended_at if latest else None, now),
        acknowledgement=actions.acknowledged.find(fingerprint),
        traceback=_traceback(source, latest),
        records=page.records[:_LATEST],
        looked_at=len(page.records),
        is_more=page.next is not None or len(page.records) > _LATEST,
        arguments=distributions(record.args_preview for record in page.records),
        runners=Counter(one.runner_id for one in page.records if one.runner_id).most_common(_MOST),
        workflows=Counter(one.workflow_id for one in page.records if one.workflow_id).most_common(_MOST),
        number=len(rows),
        share=(len(rows), len(every)),
        first_at=rows[-1].ended_at if rows else None,
        last_at=rows[0].ended_at if rows else None,
        tasks=Counter(row.task_id for row in rows).most_common(),
        hosts=Counter(one.host for one in page.records if one.host).most_common(_MOST),
        bars=trend_of([row.ended_at for row in rows], since, now, _PARTS),
        since=since,
        is_cut=is_cut,
        range=range,
        ranges=RANGES,
    )


def known_as(state: str, kinds: list[Kind], acknowledged: Acknowledged, now: float) -> list[Kind]:
    """The kinds that are known as an address asks for; those that cannot be acknowledged are nobody's."""
    if state not in STATES:
        names = ", ".join(name for name in STATES if name)
        raise HTTPException(422, f"Failures are not known as {state!r}: choose one of {names}, or nothing.")
    return [
        kind for kind in kinds if acknowledged.state_of(kind.fingerprint, kind.last_at, now) in STATES[state]
    ]


def latest_so(source: Source, fingerprint: str) -> RecordPage:
    """What failed so last."""
    return source.store.list_invocations(
        RecordQuery(
            statuses=frozenset({InvocationStatus.FAILED}),
            where=Like(TextField.FINGERPRINT, (fingerprint,)),
            limit=_ALIKE,
        )
    )


def _also(text: str, term: str) -> str:
    """A query that asks for one more thing."""
    return text if term in text.split() else f"{text} {term}".strip()


def _setbacks_of(also: str) -> list[Setback]:
    """What an address asks for besides failures."""
    try:
        return list(dict.fromkeys(Setback(one) for one in also.split(",") if one))
    except ValueError:
        names = ", ".join(Setback)
        raise HTTPException(422, f"There is no {also!r} besides failures: choose of {names}.") from None


def _toggled(text: str, state: str, also: Sequence[Setback], one: Setback) -> str:
    """The address with one more thing besides failures, or without it."""
    chosen = [other.value for other in Setback if (other in also) is (other is not one)]
    words = [("q", text), ("state", state), ("also", ",".join(chosen))]
    return urlencode([word for word in words if word[1]])


def _rows(source: Source, range: str) -> tuple[list[Failed], float, float, bool]:
    """What failed in the window, where that begins and ends, and whether there is more in it than was read."""
    seconds = seconds_of(range)
    rows = source.failed(seconds)
    now = source.now()
    is_cut = len(rows) == source.settings.sample_limit
    # A chart of what was looked at, not of a window of which most is missing.
    return rows, rows[-1].ended_at if is_cut else now - seconds, now, is_cut


def _traceback(source: Source, record: InvocationRecord | None) -> str:
    if record is None:
        return ""
    text = source.payload(record, PayloadKind.OUTCOME, source.stored_payloads(record.invocation_id))
    return payloads.traceback_of(text) if text else ""
