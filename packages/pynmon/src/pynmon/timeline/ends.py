"""How bars end that do not end in the picture: cut into with the colour of the ground, whatever their own is."""

from __future__ import annotations

#: Class of the end of what goes on, and of the beginning of what began before the window.
OPEN, TORN = "open-end", "torn"
#: From the end of a bar to its stripes, and how far each leans and is wide.
_STRIPES, _LEAN, _WIDE = (3, 9, 15), 4, 3
_TEETH = 4


def open_end(x: float, width: float, y: int, height: int) -> str:
    """Stripes before the end of a bar; as many as it has room for."""
    return "".join(
        f"M{round(x + width - far - _WIDE, 1)} {y + height}l{_LEAN} -{height}h{_WIDE}l-{_LEAN} {height}z"
        for far in _STRIPES
        if far + _WIDE <= width
    )


def torn(x: float, width: float, y: int, height: int) -> str:
    """Teeth at the beginning of a bar."""
    deep = min(_TEETH, width / 2)
    half = height / 4
    tooth = f"l{deep:.1f} -{half}l-{deep:.1f} -{half}"
    return f"M{x} {y + height}{tooth}{tooth}z"


def ends_of(x: float, width: float, y: int, height: int, *, goes_on: bool, is_torn: bool) -> dict[str, str]:
    """Class and outline of each end of a bar that is not in the picture."""
    found = {OPEN: open_end(x, width, y, height)} if goes_on else {}
    if is_torn:
        found[TORN] = torn(x, width, y, height)
    return {css: outline for css, outline in found.items() if outline}
