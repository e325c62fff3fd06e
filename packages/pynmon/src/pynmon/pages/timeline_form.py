"""From the address of a timeline to what is drawn of it: for the page and for its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, Field

from pynenc.values.ids import InvocationId
from pynenc.values.monitor import RecordQuery
from pynenc.values.record_filter import AllOf, RecordFilter, matcher_of
from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.pages.context import Question, filters_of, question_of, seconds_of
from pynmon.query.meaning import ran_longer
from pynmon.query.quantities import seconds_of as duration_of
from pynmon.query.rows import MOST_RECORDS
from pynmon.source import MOST_OWNED, Source
from pynmon.timeline import lanes, spans
from pynmon.timeline.axis import Axis, gaps_between
from pynmon.timeline.density import Density, density_in
from pynmon.timeline.drawing import Drawing
from pynmon.timeline.groups import (
    BY_OUTCOME,
    Arrangement,
    ColourBy,
    Group,
    LanesBy,
    Paint,
    arranged,
    grouped,
    paint_by,
)
from pynmon.timeline.headings import collapsed, headed
from pynmon.timeline.identical import identical
from pynmon.timeline.overview import Overview, overview_of, overview_of_density
from pynmon.timeline.spans import Work, work_in, work_of
from pynmon.timeline.table import SortBy
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
    #: The part of the window that is drawn, if it is not all of it.
    begin: str = ""
    end: str = ""
    q: str = ""
    task: str = ""
    errors: bool = False
    view: str = ""
    lanes: LanesBy = LanesBy.RUNNER
    colour: ColourBy = ColourBy.OUTCOME
    #: Whether long stretches in which nothing went on are cut short.
    cut: bool = False
    #: Whether what only waits in somebody's hands is left out.
    work: bool = False
    #: Whether points are left out, and lines from callers to what they called.
    nopoints: bool = False
    nolines: bool = False
    #: Whether bars of a lane that are the same task and outcome are one.
    same: bool = False
    #: What the lines of the table are sorted by.
    sort: SortBy = SortBy.BEGIN
    #: Only what took longer, such as 5s.
    longer: str = ""
    #: Keys of lanes that come first, and of those that are as low as one row; with commas between them.
    pin: str = ""
    fold: str = ""
    #: So many lanes are left out before the first that is shown.
    skip: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @property
    def needs_records(self) -> bool:
        """Whether figures do not tell lanes or colours."""
        return LanesBy.WORKFLOW in (self.lanes, self.colour) or self.colour is ColourBy.ATTEMPT

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
            "work": "true" if self.work else "",
            "nopoints": "true" if self.nopoints else "",
            "nolines": "true" if self.nolines else "",
            "same": "true" if self.same else "",
            "sort": "" if self.sort is SortBy.BEGIN else self.sort,
            "longer": self.longer,
            "pin": self.pin,
            "fold": self.fold,
            "skip": str(self.skip or ""),
        }

    @property
    def arrangement(self) -> Arrangement:
        """What somebody did with the lanes."""
        pins, folds = (frozenset(filter(None, text.split(","))) for text in (self.pin, self.fold))
        return Arrangement(pins, folds, self.skip)

    def conditions(self, now: float) -> list[RecordFilter]:
        """What has to hold besides the query.

        Raises:
            HTTPException: that is no duration.
        """
        found = filters_of(None, self.task)
        if self.longer:
            try:
                found.append(ran_longer(duration_of(self.longer), now))
            except ValueError as error:
                raise HTTPException(
                    422, f"{self.longer!r} is no duration: write one such as 500ms, 5s or 2m."
                ) from error
        return found

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
    overview: Overview | None = None
    #: Whether the window has too much for a part of it to be drawn.
    is_part_too_much: bool = False
    #: The lanes as they are drawn: what is the same may be one bar.
    bars: Sequence[Group] = ()


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
    part = _part(form, window)
    kept = form.kept
    own = own_address(form, window)
    question = question_of(source, form.q, [*own.items(), *kept.items()])
    if not question.problem:
        kept["q"] = form.q
    conditions = [*question.conditions, *form.conditions(now)]
    how = form.arrangement
    density = None
    if not (
        question.problem or family or form.errors or form.needs_records or form.lanes is LanesBy.INVOCATION
    ):
        density = _density(source, window, conditions, form)
    if question.problem or density:
        work = Work([], [], is_detailed=True)
    elif family:
        work = work_of(source.store, _matching(family, conditions, form), window, part)
    else:
        work = work_in(source.store, window, conditions, errors_only=form.errors, limit=form.limit, part=part)
    if work.cut_at is not None:
        # A picture of what was looked at, not of a window of which most is missing.
        window = replace(window, since=min(work.cut_at, window.until - SHORTEST_SECONDS))
    if form.work:
        work = replace(work, spans=[span for span in work.spans if not span.is_wait])
    if density:
        drawing = Drawing(window, density.picture, Axis(window), form.lanes, density, kept, own, how=how)
        strip = overview_of_density(density, window)
        return Drawn(question, family, work, [], BY_OUTCOME, drawing, strip, part is not None)
    records = {one.invocation_id: one for one in family}
    if form.needs_records and not family:
        records = source.store.get_invocations(list({span.invocation_id for span in work.spans}))
    runners = {}
    if form.lanes is LanesBy.RUNNER:
        runners = source.store.get_runners(list({span.runner_id for span in work.spans}))
    paint = paint_by(form.colour, work.spans, records, now)
    shown = part or window
    axis = Axis(
        shown, gaps_between([span for span in work.spans if not span.waits_again], shown) if form.cut else ()
    )
    every = collapsed(grouped(form.lanes, work.spans, runners, records), how.folds, how.pins)
    groups = arranged(every, how)
    bars = _bars(groups, form, shown)
    picture = lanes.draw(bars, axis, paint, has_points=not form.nopoints)
    drawing = Drawing(shown, picture, axis, form.lanes, None, kept, own, window if part else None, how)
    overview = overview_of(work.attempts, window) if work.attempts else None
    return Drawn(question, family, work, groups, paint, drawing, overview, bars=bars)


def _bars(groups: Sequence[Group], form: TimelineForm, shown: Window) -> Sequence[Group]:
    bars = headed(groups)
    return [replace(one, spans=identical(one.spans, shown)) for one in bars] if form.same else bars


def _window(form: TimelineForm, family: Sequence[InvocationRecord], now: float) -> Window:
    try:
        if family and not (form.range or form.since or form.until):
            return _window_of_family(family, now)
        return window_of(seconds_of(form.range or RANGE), form.since, form.until, now)
    except ValueError as error:
        raise HTTPException(422, f"That is no window: {error}.") from error


def _part(form: TimelineForm, window: Window) -> Window | None:
    if not form.begin and not form.end:
        return None
    try:
        part = window_of(0.0, form.begin, form.end, 0.0)
    except ValueError as error:
        raise HTTPException(422, f"That is no part of a window: {error}.") from error
    if not window.has(part):
        raise HTTPException(422, "That part is not in the window: leave out begin and end, or choose others.")
    return part


def own_address(form: TimelineForm, window: Window) -> dict[str, str]:
    """How an address says the window, and the part of it."""
    if window.follows and not form.begin:
        return {"range": form.range}
    return address(window.since, window.until) | {"begin": form.begin, "end": form.end}


def _density(
    source: Source, window: Window, conditions: Sequence[RecordFilter], form: TimelineForm
) -> Density | None:
    """When more ended than is drawn one by one, and enough of it is asked for."""
    return density_in(
        source.store, window, lambda: source.owned(MOST_OWNED), conditions, form.lanes, form.arrangement
    )


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
