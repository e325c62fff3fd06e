"""The lines of a workflow; each has no more parts than it needs, because there are hundreds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import quote

from markupsafe import Markup

from pynmon.family import Line
from pynmon.presentation.cells import Cells
from pynmon.presentation.markup import fill
from pynmon.presentation.statuses import LOOKS
from pynmon.presentation.texts import number
from pynmon.query.grammar import Term, Value, text_of
from pynmon.waterfall import LINE, WIDTH, Waterfall

_ROW = (
    '<tr%s><td class="depth-%s">%s.<a class="task" href="%s">%s</a> %s%s</td><td>%s</td><td>%s</td>%s</tr>\n'
)
_FOUND = Markup(' class="found"')
_MANY = '<a class="many" href="%s" title="All of them, as a list">&times; %s</a>'
_CRITICAL = Markup(
    ' <span class="critical" role="img" aria-label="The end waited for it" title="The end waited for it">◆</span>'
)
_PICTURE = (
    '<td class="scale" rowspan="%s"><svg class="flow" viewBox="0 0 %s %s" preserveAspectRatio="none" '
    'aria-hidden="true"><pattern id="line" width="%s" height="%s" patternUnits="userSpaceOnUse">'
    '<path class="track" d="M0 8H%sV20H0z"/><path class="axis" d="M0 %sH%s"/></pattern>'
    '<rect fill="url(#line)" width="%s" height="%s"/>%s</svg></td>'
)
_BARS = '<path class="fill %s" d="%s"/>'
_DEEPEST = 12
_NOTHING = Markup("")


def hierarchy(
    waterfall: Waterfall,
    cells: Cells,
    url: Callable[..., str],
    found: Collection[str],
    critical: Collection[str],
) -> Markup:
    """The body of the table; the picture stands beside all of its lines.

    Args:
        waterfall: What is shown.
        cells: Makes the parts of the page.
        url: The address of a page by the name of its route.
        found: Ids that a search found.
        critical: Ids for which the end waited.
    """
    rows = []
    for at, line in enumerate(waterfall.lines):
        record = line.record
        ids = {one.invocation_id for one in line.members}
        module, _, name = record.task_id.rpartition(".")
        is_one = line.number == 1
        address = "" if is_one else f"{url('invocations')}?q={quote(_query(line))}"
        rows.append(
            fill(
                _ROW,
                _NOTHING if ids.isdisjoint(found) else _FOUND,
                min(line.depth, _DEEPEST),
                module,
                url("task", task_id=record.task_id),
                name,
                cells.invocation(record.invocation_id)
                if is_one
                else fill(_MANY, address, number(line.number)),
                _NOTHING if ids.isdisjoint(critical) else _CRITICAL,
                cells.status(record.status),
                cells.runtime(record) if is_one else _NOTHING,
                _NOTHING if at else _picture(waterfall),
            )
        )
    return Markup("".join(rows))


def _query(line: Line) -> str:
    """What asks for all that it stands for."""
    record = line.record
    names = {"root": record.root_id, "parent": record.parent_id, "task": record.task_id}
    terms = [Term(name, (Value(str(value), is_literal=True),)) for name, value in names.items()]
    return text_of([*terms, Term("status", (Value(record.status.value),))])


def _picture(waterfall: Waterfall) -> Markup:
    bars = [fill(_BARS, "st-registered", waterfall.waits)] if waterfall.waits else []
    bars += [fill(_BARS, LOOKS[status].css, outline) for status, outline in waterfall.runs]
    height = waterfall.height
    return fill(
        _PICTURE,
        len(waterfall.lines),
        *(WIDTH, height, WIDTH, LINE, WIDTH, LINE - 0.5, WIDTH, WIDTH, height),
        Markup("".join(bars)),
    )
