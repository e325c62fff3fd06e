"""The language in which lists of invocations are asked for."""
