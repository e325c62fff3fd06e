"""Markup for what a page repeats hundreds of times, where a template takes too long; nothing gets in unescaped."""

from __future__ import annotations

from markupsafe import Markup, escape

from pynmon.presentation.texts import visible


def shown(value: object) -> Markup:
    """A value as templates write it: hostile characters are made visible, then it is escaped; markup stays."""
    return value if isinstance(value, Markup) else escape(visible(str(value)))


def fill(outline: str, *values: object) -> Markup:
    """Markup with a value in the place of each ``%s``, as templates write it.

    Args:
        outline: A literal of our own code, never text from elsewhere.
        values: What stands in it.
    """
    return Markup(outline % tuple([one if type(one) is Markup else shown(one) for one in values]))
