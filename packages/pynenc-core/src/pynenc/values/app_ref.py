"""How another process finds an app: where it is defined, and what was changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRef:
    """Where an app is defined. Carried through pipes to processes that the app's runner owns, never stored."""

    app_id: str
    #: Importable name of the module whose top level makes the app; None when nobody can import it.
    module: str | None
    #: File of that module.
    filepath: str | None
    #: Assigned settings by configuration class; may hold secrets.
    direct_values: dict[str, dict[str, Any]] = field(default_factory=dict)
