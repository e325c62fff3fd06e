"""Public path: the identity of a call."""

from pynenc.values.ids import CallId

__all__ = ["CallId"]
