"""Memory: for tests and for one process. Nothing survives the process, and only its threads share it."""

from pynenc.backends.mem.plugin import plugin

__all__ = ["plugin"]
