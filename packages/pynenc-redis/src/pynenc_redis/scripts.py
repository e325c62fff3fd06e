"""The Lua scripts: one file each, after the parts that it builds upon.

A name after a dollar stands for what several of them, or they and core, have to agree upon.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from pynenc.values.merges import REMEMBERED
from pynenc.values.status import FINAL, InvocationStatus, sources_of
from pynenc.values.status_letters import LETTERS
from pynenc_redis.codec.letters import to_letters
from pynenc_redis.codec.texts import SHORT

_ROOT = files("pynenc_redis").joinpath("lua")
#: Between a part and what builds upon it. Every run of a script makes its functions anew, and for each local of the
#: same function that one of them uses, Lua walks all others that are used so; what is further outside it copies.
_WITHIN = "return (function()\n"
#: A status has the name that it has in core. Filled in here, they cost a run of a script nothing.
_SAID: Mapping[str, str] = {
    **{status.name: letter for status, letter in LETTERS.items()},
    "FINAL": to_letters(sorted(FINAL)),
    "BEFORE_SUCCESS": to_letters(sorted(sources_of((InvocationStatus.SUCCESS,)))),
    "SHORT": str(SHORT),
    # So many merges are known again.
    "REMEMBERED": str(REMEMBERED),
    # So many tokens wait for idle workers: each says that there is work, not which, and more say nothing more.
    "MOST_TOKENS": "8",
    # How the place of a call without a priority begins; places.lua says what it is.
    "USUAL_PLACE": "2147483648",
}
#: Parts of every script that looks at records or places; the second one are those of scripts that look at records.
NEW = ("outbox", "watched", "new")
RECORD = (*NEW, "record")
_NAME = re.compile(r"\$([A-Z_]+)")


@dataclass(frozen=True, slots=True)
class Script:
    """One operation: its text, and the digest under which a server knows it."""

    name: str
    text: str
    digest: str


def load(name: str, *parts: str) -> Script:
    """Read ``lua/<name>.lua`` and put its parts before it."""
    texts = [_filled(_ROOT.joinpath(f"{one}.lua").read_text(encoding="utf-8")) for one in (*parts, name)]
    text = _WITHIN.join(texts) + "end)()\n" * len(parts)
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _filled(text: str) -> str:
    return _NAME.sub(lambda found: _SAID[found[1]], text)
