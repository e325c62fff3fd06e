"""Public path: the identity of an invocation."""

from pynenc.values.ids import InvocationId

__all__ = ["InvocationId"]
