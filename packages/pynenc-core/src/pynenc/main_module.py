"""The importable name of what runs as ``__main__``."""

from __future__ import annotations

import sys
from pathlib import Path


def importable_name(module: str) -> str | None:
    """The name by which another process can import ``module``; None for ``__main__`` without a file.

    ``python -m pkg.mod`` runs ``pkg.mod``. ``python some/script.py`` runs ``script``, importable because
    Python puts the script's folder on the path, as the processes that a runner starts do as well.
    """
    if module not in ("__main__", "__mp_main__"):
        return module
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":
        return str(spec.name).removesuffix(".__main__")
    file = getattr(main, "__file__", None)
    stem = Path(file).stem if file else ""
    return stem if stem.isidentifier() else None
