"""What is cut into bars with the colour of the ground, whatever their own is: how they end, and what they are."""

from __future__ import annotations

from pynenc.values.status import InvocationStatus
from pynmon.timeline.spans import WAITS, Span

_S = InvocationStatus
#: Class of the end of what goes on, and of the beginning of what began before the window.
OPEN, TORN = "open-end", "torn"
#: Classes of patterns over the whole of a bar.
HATCHES = {
    _S.PAUSED: "cut-bars",
    _S.PENDING_RECOVERY: "cut-up",
    _S.RUNNING_RECOVERY: "cut-down",
    _S.CONCURRENCY_CONTROLLED: "cut-cross",
    _S.CONCURRENCY_CONTROLLED_FINAL: "cut-cross",
}
#: How far each is turned, and the line in a square of 6 by 6 that it repeats.
PATTERNS = {
    "cut-bars": (0, "M1 0V6"),
    "cut-up": (45, "M1 0V6"),
    "cut-down": (-45, "M1 0V6"),
    "cut-cross": (45, "M1 0V6M0 1H6"),
}
#: What is drawn as an outline, because nothing is cut into it.
_PLAIN_WAITS = frozenset(WAITS) - frozenset(HATCHES)
#: What tells them from others besides a colour.
CUT = frozenset({*HATCHES, _S.RESUMED, _S.KILLED})
#: From the end of a bar to its stripes, and how far each leans and is wide.
_STRIPES, _LEAN, _WIDE = (3, 9, 15), 4, 3
_TEETH, _NOTCH = 4, 6


def outlined(span: Span) -> str:
    """Classes of a bar that is an outline, with a space before each: waits are no work, and dots lead to another."""
    if span.waits_again:
        return " wait dotted"
    return " wait" if span.status in _PLAIN_WAITS else ""


def is_striped(span: Span) -> bool:
    """Whether its end says that it goes on: of what has dots around it they do."""
    return span.end is None and not span.waits_again


def cuts_of(span: Span, x: float, width: float, y: int, height: int, *, is_torn: bool) -> dict[str, str]:
    """Class and outline of each cut.

    Args:
        span: What the bar is.
        x: Its left edge.
        width: Its width.
        y: Its upper edge.
        height: Its height.
        is_torn: Whether it began before the picture.
    """
    found = {}
    if (hatch := HATCHES.get(span.status)) is not None:
        found[hatch] = f"M{x} {y}h{width}v{height}H{x}z"
    if is_striped(span):
        found[OPEN] = _stripes(x, width, y, height)
    torn = _teeth(x, width, y, height, 1) if is_torn else ""
    if span.status is _S.KILLED:
        torn += _teeth(round(x + width, 1), width, y, height, -1)
    if span.status is _S.RESUMED and not is_torn:
        torn += _notch(x, width, y, height)
    return {css: outline for css, outline in {**found, TORN: torn}.items() if outline}


def _stripes(x: float, width: float, y: int, height: int) -> str:
    """Before the end of a bar; as many as it has room for."""
    return "".join(
        f"M{round(x + width - far - _WIDE, 1)} {y + height}l{_LEAN} -{height}h{_WIDE}l-{_LEAN} {height}z"
        for far in _STRIPES
        if far + _WIDE <= width
    )


def _teeth(x: float, width: float, y: int, height: int, side: int) -> str:
    """Into a bar from one of its edges: the left one is side 1, the right one -1."""
    deep = min(_TEETH, width / 2) * side
    half = height / 4
    tooth = f"l{deep:.1f} -{half}l{-deep:.1f} -{half}"
    return f"M{x} {y + height}{tooth}{tooth}z"


def _notch(x: float, width: float, y: int, height: int) -> str:
    deep = min(_NOTCH, width / 2)
    return f"M{x} {y + height}l{deep:.1f} -{height / 2}l-{deep:.1f} -{height / 2}z"
