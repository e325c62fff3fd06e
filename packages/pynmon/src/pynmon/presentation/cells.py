"""The small parts of which all lists are made, of one page: links, states, instants and durations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup

from pynenc.values.records import InvocationRecord
from pynenc.values.status import InvocationStatus
from pynmon.beats import Strip
from pynmon.charts import Bar, Bars, Column
from pynmon.health import RunnerState
from pynmon.presentation.instants import Instants
from pynmon.presentation.markup import fill, shown
from pynmon.presentation.statuses import LOOKS
from pynmon.presentation.texts import duration, id_tail, iso, number, percent, plural, short_id
from pynmon.runner_rows import RunnerRow

_NOTHING, _EMPTY = Markup("–"), Markup("")
_BADGE = '<span class="status %s">%s</span>'
_BADGES = {status: fill(_BADGE, look.css, look.word) for status, look in LOOKS.items()}
_RUNNERS = {
    state: fill(_BADGE, css, state.value)
    for state, css in (
        (RunnerState.STARTING, "st-registered"),
        (RunnerState.ALIVE, "st-success"),
        (RunnerState.LATE, "st-pending-recovery g-pen"),
        (RunnerState.DEAD, "st-failed"),
        (RunnerState.STOPPED, "st-cancelled"),
    )
}
# What a cell has no room for is told by titles.js, and how it looks by the place of its column: there are hundreds.
_LINK = '<a class="id" href="%s">%s</a>'
_TASK = '<a class="task" href="%s"><span class="module">%s.</span><b>%s</b></a>'
_TASK_ALONE = '<a class="task" href="%s">%s.<b>%s</b></a>'
_ROW = f"""<tr id="%s-%s">%s<td>%s</td><td>%s</td>
<td>{_LINK} <button class="peek" aria-label="Look at %s"></button></td>
<td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>
<td>%s</td></tr>
"""
_RUNNER_ROW = """<tr><td>%s%s</td><td%s>%s %s %s</td><td>%s</td>
<td>%s</td><td>%s</td><td>%s</td><td>%s</td><td%s>%s</td>
<td%s>%s</td><td>%s%s</td></tr>
"""
_BEATS = (
    '<svg class="beats" viewBox="0 0 %s %s" preserveAspectRatio="none" role="img" aria-label="%s">%s%s</svg>'
)
_BEAT, _GAP = '<path d="%s"/>', '<path class="gap" d="%s"/>'
_KNOWN = ' title="pynenc-core %s"'
_COLUMN = (
    '<rect class="hit" x="%s" y="0" width="%s" height="%s"><title>%s%s: %s ended, %s failed</title></rect>'
)
_LEADING_COLUMN = (
    '<a href="?%s" data-end="%s"%s aria-label="%s registered from %s, %s failed">'
    + _COLUMN.replace("ended", "registered")
    + "</a>"
)
_BELOW = Markup(' class="depth-1"')
_BAD = Markup(' class="bad"')
_CHOSEN = Markup(' class="chosen"')
_DRAINS = Markup(' <span class="muted">takes nothing more</span>')
_TIME = '<time datetime="{}" title="{}">{}</time>'
_PICK = '<td><input type="checkbox" class="pick" name="id" form="%s" value="%s" aria-label="Choose %s"></td>'


class Cells:
    """Makes them for one page.

    Args:
        url: The address of a page by the name of its route.
        instants: How they are shown, and what ages are counted to.
    """

    def __init__(self, url: Callable[..., str], instants: Instants) -> None:
        self._url = url
        self._instants = instants
        self._now = instants.now
        # What a page names in many lines is made once.
        self._tasks: dict[str, Markup] = {}
        self._runners: dict[str, Markup] = {}

    def status(self, value: InvocationStatus | str) -> Markup:
        """A status by colour, glyph and word."""
        return _BADGES[InvocationStatus(value)]

    def runner_state(self, state: RunnerState) -> Markup:
        """How a runner is, in the same form."""
        return _RUNNERS[state]

    def badge(self, css: str, word: str) -> Markup:
        """Any other state, in the same form."""
        return fill(_BADGE, css, word)

    def task(self, task_id: str) -> Markup:
        """A task, its module less loud than its name."""
        module, _, name = task_id.rpartition(".")
        return fill(_TASK, self._url("task", task_id=task_id), module, name)

    def task_alone(self, task_id: str) -> Markup:
        """The same for a cell with nothing else in it, which needs no element for the module."""
        found = self._tasks.get(task_id)
        if found is None:
            module, _, name = task_id.rpartition(".")
            address = self._url("task", task_id=task_id)
            found = self._tasks[task_id] = fill(_TASK_ALONE, address, module, name)
        return found

    def invocation(self, invocation_id: str) -> Markup:
        """An invocation by the end of its id."""
        return fill(_LINK, self._url("invocation", invocation_id=invocation_id), id_tail(invocation_id))

    def workflow(self, workflow_id: str) -> Markup:
        """The run of a workflow by the end of its id."""
        return fill(_LINK, self._url("workflow", workflow_id=workflow_id), id_tail(workflow_id))

    def runner(self, runner_id: str) -> Markup:
        """A runner or worker by the beginning of its id."""
        found = self._runners.get(runner_id)
        if found is None:
            found = self._runners[runner_id] = fill(
                _LINK, self._url("runner", runner_id=runner_id), short_id(runner_id)
            )
        return found

    def ago(self, at: float | None) -> Markup:
        """How long ago an instant is, or in what time, and exactly when."""
        return self._time(at, self._instants.age, self._instants.exactly)

    def when(self, at: float | None) -> Markup:
        """An instant in the form that was chosen, exactly, and how long ago it is."""
        return self._time(at, self._instants.moment, self._instants.both)

    def exact(self, at: float | None) -> Markup:
        """The same to the millisecond."""
        return self._time(at, self._instants.exact, self._instants.both)

    @staticmethod
    def _time(at: float | None, words: Callable[[float], str], title: Callable[[float], str]) -> Markup:
        if at is None:
            return _NOTHING
        # Made of numbers and the name of a time zone: there is nothing in it to escape.
        return Markup(_TIME.format(iso(at), title(at), words(at)))

    def runtime(self, record: InvocationRecord) -> str:
        """How long its last attempt took, or has taken so far."""
        if record.started_at is None:
            return _NOTHING
        if record.ended_at is not None:
            return duration(record.ended_at - record.started_at)
        return f"{duration(self._now - record.started_at)}…"

    def waittime(self, record: InvocationRecord) -> str:
        """How long it waited for its last attempt, or has waited so far."""
        if record.started_at is not None:
            return duration(max(0.0, record.started_at - record.available_at))
        if record.ended_at is None and record.available_at <= self._now:
            return f"{duration(self._now - record.available_at)}…"
        return _NOTHING

    def record_rows(self, records: Iterable[InvocationRecord], picks: str = "", prefix: str = "i") -> Markup:
        """The lines of a list of invocations.

        Args:
            records: One line each.
            picks: The id of the form to which a box for choosing lines belongs; empty for no boxes.
            prefix: What the ids of the lines begin with: another one for each list of a page in which the same
                invocation may be.
        """
        return Markup("".join([self._record_row(record, picks, prefix) for record in records]))

    def _record_row(self, record: InvocationRecord, picks: str, prefix: str) -> Markup:
        name = shown(record.invocation_id)
        tail = shown(id_tail(record.invocation_id))
        where = _NOTHING
        if record.runner_id:
            where = fill("%s %s", self.runner(record.runner_id), record.host)
        return fill(
            _ROW,
            prefix,
            name,
            fill(_PICK, picks, name, tail) if picks else _EMPTY,
            _BADGES[record.status],
            self.task_alone(record.task_id),
            self._url("invocation", invocation_id=record.invocation_id),
            tail,
            tail,
            record.args_preview,
            self.when(record.created_at),
            self.waittime(record),
            self.runtime(record),
            record.epoch or _NOTHING,
            where,
        )

    def beats(self, strip: Strip) -> Markup:
        """When a runner beat, and when it was silent."""
        beats = fill(_BEAT, strip.beats) if strip.beats else _EMPTY
        gaps = fill(_GAP, strip.gaps) if strip.gaps else _EMPTY
        return fill(_BEATS, strip.width, strip.height, strip.text, beats, gaps)

    def runner_row(self, row: RunnerRow) -> Markup:
        """A line of the list of runners."""
        runner, identity, work = row.runner, row.runner.identity, row.work
        ended = _EMPTY
        if runner.stopped_at is not None:
            reason = f", {runner.stop_reason}" if runner.stop_reason else ""
            ended = fill(" to %s%s", self.when(runner.stopped_at), reason)
        in_hand = number(row.owned) if row.owned else _NOTHING
        return fill(
            _RUNNER_ROW,
            _RUNNERS[row.state],
            _DRAINS if runner.drains else _EMPTY,
            _BELOW if row.depth else _EMPTY,
            self.runner(identity.runner_id),
            identity.runner_cls,
            identity.pid,
            self.beats(row.strip),
            self.ago(runner.last_beat_at),
            f"{in_hand} / {identity.slots}" if identity.slots else in_hand,
            _NOTHING if work.used is None else percent(work.used, 1),
            round(work.per_minute, 1) if work.ended else _NOTHING,
            _BAD if work.failed else _EMPTY,
            number(work.failed) if work.failed else _NOTHING,
            _EMPTY if row.code is None else fill(_KNOWN, row.code.version),
            _NOTHING if row.code is None else number(len(row.code.tasks)),
            self.when(runner.started_at),
            ended,
        )

    def columns(self, bars: Bars) -> Markup:
        """What the pointer is told of the columns of a chart."""
        return Markup("\n").join([fill(_COLUMN, *self._column(bar, bars)) for bar in bars.bars if bar.total])

    def leading_columns(self, bars: Bars, columns: Mapping[float, Column]) -> Markup:
        """The same of columns that lead to what was registered in them.

        Args:
            bars: The columns.
            columns: Where each leads, by its beginning.
        """
        return Markup("\n").join(
            [
                fill(
                    _LEADING_COLUMN,
                    to.address,
                    to.end,
                    _CHOSEN if to.is_chosen else _EMPTY,
                    plural(bar.total, "invocation"),
                    self._instants.exact(bar.at),
                    bar.failed,
                    *self._column(bar, bars),
                )
                for bar in bars.bars
                if bar.total
                for to in [columns[bar.at]]
            ]
        )

    def _column(self, bar: Bar, bars: Bars) -> tuple[object, ...]:
        begin, zone = self._instants.moment(bar.at), self._instants.zone_at(bar.at)
        return bar.x, bar.width, bars.height, begin, zone, number(bar.total), number(bar.failed)
