from __future__ import annotations

from pathlib import Path

import pytest

#: Modules of the tree, of which one cannot be parsed, and its directories.
MODULES, DIRECTORIES = 4, 3


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "package" / "deep").mkdir(parents=True)
    (root / "__pycache__").mkdir()
    (root / "top.py").write_text("import os\nimport os.path\n\n\ndef f():\n    import json\n")
    (root / "package" / "__init__.py").write_text("")
    (root / "package" / "classes.py").write_text(
        "from os import path\nfrom . import other\nclass A:\n    async def f(self): ...\n    class B: ...\n"
    )
    (root / "package" / "deep" / "broken.py").write_text("import os\ndef broken(:\n")
    (root / "__pycache__" / "cached.py").write_text("import os\n")
    (root / "notes.txt").write_text("no Python\n")
    return root
