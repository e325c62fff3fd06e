"""Which columns of a list of invocations somebody does not want to see: a cookie says so, for every such list."""

from __future__ import annotations

#: Holds the names of those that are left out, with dots between them.
COOKIE = "pynmon-without"
#: What may be left out, in the order of the table; the rest tells which invocation a line is about. By name: its title.
COLUMNS = {
    "arguments": "Arguments",
    "registered": "Registered",
    "waited": "Waited",
    "ran": "Ran",
    "tries": "Tries",
    "on": "On",
}


def left_out(choice: str) -> list[str]:
    """The columns that a browser says are left out; what is none is ignored."""
    named = choice.split(".")
    return [name for name in COLUMNS if name in named]
