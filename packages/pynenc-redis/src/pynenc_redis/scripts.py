"""The Lua scripts: one file each, after the parts that it builds upon."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

_ROOT = files("pynenc_redis").joinpath("lua")
#: Between a part and what builds upon it. Every run of a script makes its functions anew, and for each local of the
#: same function that one of them uses, Lua walks all others that are used so; what is further outside it copies.
_WITHIN = "return (function()\n"


@dataclass(frozen=True, slots=True)
class Script:
    """One operation: its text, and the digest under which a server knows it."""

    name: str
    text: str
    digest: str


def load(name: str, *parts: str) -> Script:
    """Read ``lua/<name>.lua`` and put its parts before it."""
    texts = [_ROOT.joinpath(f"{one}.lua").read_text(encoding="utf-8") for one in (*parts, name)]
    text = _WITHIN.join(texts) + "end)()\n" * len(parts)
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
