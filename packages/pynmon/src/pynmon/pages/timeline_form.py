"""From the address of a timeline to what is drawn of it: for the page and for its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import HTTPException
from pydantic import BaseModel, Field

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import AllOf, RecordFilter, matcher_of
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.pages.context import Question, filters_of, question_of, seconds_of
from pynmon.query.rows import MOST_RECORDS
from pynmon.source import Source
from pynmon.timeline import lanes, spans
from pynmon.timeline.axis import Axis, gaps_between
from pynmon.timeline.density import Density, density_in
from pynmon.timeline.drawing import Drawing
from pynmon.timeline.groups import BY_OUTCOME, ColourBy, Group, LanesBy, Paint, grouped, paint_by
from pynmon.timeline.spans import Work, work_in, work_of
from pynmon.timeline.window import LONGEST_SECONDS, SHORTEST_SECONDS, Window, address, window_of

RANGE = "5m"
#: Members of a family that are drawn: the oldest.
FAMILY = 300


class TimelineForm(BaseModel):
    """What the address of a timeline says."""

    range: str = ""
    #: Only the family that begins with this invocation; by default for as long as it took.
    root: str = ""
    since: str = Field("", alias="from")
    until: str = Field("", alias="to")
    q: str = ""
    task: str = ""
    errors: bool = False
    view: str = ""
    lanes: LanesBy = LanesBy.RUNNER
    colour: ColourBy = ColourBy.OUTCOME
    #: Whether long stretches in which nothing went on are cut short.
    cut: bool = False

    @property
    def needs_records(self) -> bool:
        """Whether figures do not tell lanes or colours."""
        return LanesBy.WORKFLOW in (self.lanes, self.colour)

    @property
    def is_of_few(self) -> bool:
        """Whether only so much is drawn that it is drawn one by one."""
        return self.errors or self.needs_records or self.lanes is LanesBy.INVOCATION

    @property
    def kept(self) -> dict[str, str]:
        """What it says but for window and query; what is as always is empty."""
        return {
            "task": self.task,
            "errors": "true" if self.errors else "",
            "view": self.view,
            "root": self.root,
            "lanes": "" if self.lanes is LanesBy.RUNNER else self.lanes,
            "colour": "" if self.colour is ColourBy.OUTCOME else self.colour,
            "cut": "true" if self.cut else "",
        }

    @property
    def limit(self) -> int:
        """Of what ended so much is drawn."""
        if self.errors:
            return spans.MOST_FAILED
        return MOST_RECORDS if self.needs_records else spans.LIMIT


@dataclass(frozen=True, slots=True)
class Drawn:
    """One timeline."""

    question: Question
    family: Sequence[InvocationRecord]
    work: Work
    #: The work by lanes; none where it is not drawn one by one.
    groups: Sequence[Group]
    paint: Paint
    drawing: Drawing


def drawn(source: Source, form: TimelineForm, now: float) -> Drawn:
    """Look up what an address asks for.

    Args:
        source: Asked at most six times.
        form: The address.
        now: Where a window that is not said ends.

    Raises:
        HTTPException: it is no window, or there is no such family.
    """
    family = _family(source, form.root) if form.root else []
    window = _window(form, family, now)
    kept = form.kept
    question = question_of(source, form.q, [*own_address(form, window).items(), *kept.items()])
    if not question.problem:
        kept["q"] = form.q
    conditions = [*question.conditions, *filters_of(None, form.task)]
    density = None
    if not (
        question.problem or family or form.errors or form.needs_records or form.lanes is LanesBy.INVOCATION
    ):
        density = _density(source, window, conditions, form.lanes)
    if question.problem or density:
        work = Work([], is_detailed=True)
    elif family:
        work = work_of(source.store, _matching(family, conditions, form), window)
    else:
        work = work_in(source.store, window, conditions, errors_only=form.errors, limit=form.limit)
    if work.cut_at is not None:
        # A picture of what was looked at, not of a window of which most is missing.
        window = replace(window, since=min(work.cut_at, window.until - SHORTEST_SECONDS))
    if density:
        drawing = Drawing(window, density.picture, Axis(window), form.lanes, density, kept)
        return Drawn(question, family, work, [], BY_OUTCOME, drawing)
    records = {one.invocation_id: one for one in family}
    if form.needs_records and not family:
        records = source.store.get_invocations(list({span.invocation_id for span in work.spans}))
    runners = {}
    if form.lanes is LanesBy.RUNNER:
        runners = source.store.get_runners(list({span.runner_id for span in work.spans}))
    paint = paint_by(form.colour, work.spans, records, now)
    axis = Axis(window, gaps_between(work.spans, window) if form.cut else ())
    groups = grouped(form.lanes, work.spans, runners, records)
    picture = lanes.draw(groups, axis, paint)
    return Drawn(question, family, work, groups, paint, Drawing(window, picture, axis, form.lanes, kept=kept))


def _window(form: TimelineForm, family: Sequence[InvocationRecord], now: float) -> Window:
    try:
        if family and not (form.range or form.since or form.until):
            return _window_of_family(family, now)
        return window_of(seconds_of(form.range or RANGE), form.since, form.until, now)
    except ValueError as error:
        raise HTTPException(422, f"That is no window: {error}.") from error


def own_address(form: TimelineForm, window: Window) -> dict[str, str]:
    """How an address says the window."""
    return {"range": form.range} if window.follows else address(window.since, window.until)


def _density(
    source: Source, window: Window, conditions: Sequence[RecordFilter], lanes_by: LanesBy
) -> Density | None:
    """When more ended than is drawn one by one, and enough of it is asked for."""
    (ended,) = source.store.count_ended(window.since, window.until, 1, spans.LIMIT + 1)
    return density_in(source.store, window, conditions, lanes_by) if ended > spans.LIMIT else None


def _family(source: Source, root: str) -> Sequence[InvocationRecord]:
    query = RecordQuery(root_id=InvocationId(root), oldest_first=True, limit=FAMILY, search_limit=FAMILY + 1)
    records = source.store.list_invocations(query).records
    if not records:
        raise HTTPException(404, f"There is no family of {root!r}: it never began, or its retention is over.")
    return records


def _window_of_family(family: Sequence[InvocationRecord], now: float) -> Window:
    """As long as it took, or as long as it has been going on; with a little room at its end."""
    begin = min(one.created_at for one in family)
    is_open = any(one.ended_at is None for one in family)
    end = now if is_open else max(one.ended_at or now for one in family)
    length = min(max(SHORTEST_SECONDS, 1.02 * (end - begin)), LONGEST_SECONDS)
    return Window(end - length if is_open else begin, end if is_open else begin + length, follows=is_open)


def _matching(
    family: Sequence[InvocationRecord], conditions: Sequence[RecordFilter], form: TimelineForm
) -> list[InvocationRecord]:
    fulfils = matcher_of(AllOf(tuple(conditions)))
    return [
        one for one in family if fulfils(one) and (not form.errors or one.status is InvocationStatus.FAILED)
    ]
