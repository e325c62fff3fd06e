"""Markup for what a page repeats hundreds of times, where a template takes too long; nothing gets in unescaped."""

from __future__ import annotations

from html import escape

from markupsafe import Markup

from pynmon.presentation.texts import visible


def shown(value: object) -> Markup:
    """A value as templates write it: hostile characters are made visible, then it is escaped; markup stays."""
    return value if isinstance(value, Markup) else Markup(_escaped(value))


def typed(text: str) -> Markup:
    """What somebody typed, for the field that gives it back to them and nothing else: as it is, only escaped."""
    # Browsers leave out the end of a line that comes first in a field.
    return Markup("\n" + escape(text, quote=False))


def fill(outline: str, *values: object) -> Markup:
    """Markup with a value in the place of each ``%s``, as templates write it.

    Args:
        outline: A literal of our own code, never text from elsewhere.
        values: What stands in it.
    """
    return Markup(outline % tuple([one if type(one) is Markup else _escaped(one) for one in values]))


def _escaped(value: object) -> str:
    # Half as long as what marks its result as markup.
    return escape(visible(str(value)))
