"""The state machine as SVG: places are chosen by hand, everything else follows from the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from pynenc.values.status import InvocationStatus, StatusDefinition

_S = InvocationStatus
_Point = tuple[float, float]

_WIDTH, _HEIGHT = 1300, 800
_BOX_HEIGHT = 46

#: Centre of each box. The usual life runs from left to right; few edges pass behind a box.
_PLACES: Mapping[InvocationStatus, _Point] = {
    _S.REGISTERED: (150, 300),
    _S.PENDING: (380, 300),
    _S.RUNNING: (800, 300),
    _S.SUCCESS: (1180, 300),
    _S.FAILED: (1180, 460),
    _S.CANCELLED: (1180, 620),
    _S.CONCURRENCY_CONTROLLED_FINAL: (150, 80),
    _S.CONCURRENCY_CONTROLLED: (150, 520),
    _S.RETRY: (430, 80),
    _S.PAUSED: (650, 140),
    _S.RESUMED: (920, 110),
    _S.KILLED: (575, 520),
    _S.REROUTED: (380, 520),
    _S.PENDING_RECOVERY: (300, 640),
    _S.RUNNING_RECOVERY: (920, 700),
}
#: How far an edge bends aside, as a part of its length: so both directions between two boxes are visible.
_BEND = 0.09

_PLAIN, _CLAIMABLE, _OWNED = "#64748b", "#2563eb", "#b45309"
_ENDS = {_S.SUCCESS: "#15803d", _S.FAILED: "#b91c1c"}
_END = "#475569"
_LEGEND = {_CLAIMABLE: "a worker may claim it", _OWNED: "belongs to a worker", _PLAIN: "belongs to nobody"}


def draw(table: Mapping[InvocationStatus, StatusDefinition]) -> str:
    """Return the drawing of ``table``; each edge has the colour of the status that it leads to."""
    colors = {status: _color_of(status, row) for status, row in table.items()}
    edges = [(status, target) for status, row in table.items() for target in table if target in row.next]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="14">',
        "<title>The life of an invocation</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        "<defs>",
        *(_arrow_head(color) for color in dict.fromkeys(colors.values())),
        "</defs>",
        *(_edge(source, target, colors[target]) for source, target in edges),
        *(_box(status, row, colors[status]) for status, row in table.items()),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _color_of(status: InvocationStatus, row: StatusDefinition) -> str:
    if row.final:
        return _ENDS.get(status, _END)
    if row.available:
        return _CLAIMABLE
    return _OWNED if row.requires_owner else _PLAIN


def _arrow_head(color: str) -> str:
    return (
        f'<marker id="{_marker(color)}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 Z" fill="{color}"/></marker>'
    )


def _marker(color: str) -> str:
    return f"head-{color.removeprefix('#')}"


def _edge(source: InvocationStatus, target: InvocationStatus, color: str) -> str:
    (x1, y1), (x2, y2) = _PLACES[source], _PLACES[target]
    bend = ((x1 + x2) / 2 - (y2 - y1) * _BEND, (y1 + y2) / 2 + (x2 - x1) * _BEND)
    (sx, sy), (tx, ty) = _border(source, bend), _border(target, bend)
    # A cancellation is possible nearly everywhere: these edges stay in the background.
    style = ' stroke-dasharray="2 5" opacity="0.7"' if target is _S.CANCELLED else ""
    return (
        f'<path d="M{sx:.0f} {sy:.0f} Q{bend[0]:.0f} {bend[1]:.0f} {tx:.0f} {ty:.0f}" fill="none" '
        f'stroke="{color}" stroke-width="1.5" marker-end="url(#{_marker(color)})"{style}>'
        f"<title>{escape(source)} → {escape(target)}</title></path>"
    )


def _width_of(status: InvocationStatus) -> int:
    return 34 + 8 * len(status)


def _border(status: InvocationStatus, towards: _Point) -> _Point:
    """Where a line from the centre of a box leaves it."""
    center = _PLACES[status]
    dx, dy = towards[0] - center[0], towards[1] - center[1]
    reach_x = _width_of(status) / 2 / abs(dx) if dx else math.inf
    reach_y = _BOX_HEIGHT / 2 / abs(dy) if dy else math.inf
    part = min(reach_x, reach_y)
    return center[0] + dx * part, center[1] + dy * part


def _box(status: InvocationStatus, row: StatusDefinition, color: str) -> str:
    x, y = _PLACES[status]
    width = _width_of(status)
    left, top = x - width / 2, y - _BOX_HEIGHT / 2
    # A final status has the double frame of an accepting state.
    frame = f'fill="#ffffff" stroke="{color}" stroke-width="2"'
    inner = (
        f'<rect x="{left + 4:.0f}" y="{top + 4:.0f}" width="{width - 8}" height="{_BOX_HEIGHT - 8}" '
        f'rx="5" fill="none" stroke="{color}"/>'
    )
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width}" height="{_BOX_HEIGHT}" rx="8" {frame}/>'
        f"{inner if row.final else ''}"
        f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle" fill="{color}">{escape(status)}</text>'
    )


def _legend() -> list[str]:
    entries = [
        f'<rect x="{24}" y="{y - 11}" width="18" height="12" rx="3" fill="none" stroke="{color}" '
        f'stroke-width="2"/><text x="50" y="{y}" fill="{color}">{escape(text)}</text>'
        for y, (color, text) in zip(range(712, 790, 22), _LEGEND.items(), strict=False)
    ]
    note = "Double frame: final. Dotted: cancelled, possible wherever something has not ended."
    return [*entries, f'<text x="24" y="780" fill="{_END}">{escape(note)}</text>']
