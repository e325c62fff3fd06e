"""What browsers keep: our scripts and styles, each kind as one answer, so that a page needs few requests."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_STATIC = Path(__file__).parent / "static"
#: Read by itself, before anything is painted.
_FIRST = "theme.js"
_KINDS = {"all.js": "text/javascript", "all.css": "text/css"}


class Assets(StaticFiles):
    """Files under an address that changes with their content: kept by browsers for good."""

    def __init__(self) -> None:
        super().__init__(directory=_STATIC)
        self._joined = {name: _join(Path(name).suffix) for name in _KINDS}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or all of one kind."""
        if path in self._joined:
            response = Response(self._joined[path], media_type=_KINDS[path])
        else:
            response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def digest_of_assets() -> str:
    """Changes with any of them."""
    digest = hashlib.sha256()
    for path in sorted(_STATIC.rglob("*.*s")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _join(suffix: str) -> bytes:
    """The scripts of others first, as ours use them; ``app`` before the rest, which adds to it."""
    vendor = sorted((_STATIC / "vendor").glob(f"*{suffix}"))
    ours = sorted(_STATIC.glob(f"*{suffix}"), key=lambda path: (path.stem != "app", path.name))
    separator = b"\n;\n" if suffix == ".js" else b"\n"
    return separator.join([path.read_bytes() for path in [*vendor, *ours] if path.name != _FIRST])
