"""Sets everything up, then shows or tests pynenc. Needs nothing but Python and pip.

python3 dev.py demo [ARGUMENT...]    the demo; arguments as for `pynenc demo`
python3 dev.py test [ARGUMENT...]    all checks and tests; arguments as for `nox`
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

if sys.version_info < (3, 11):  # noqa: UP036 - older ones are who this is written for
    _NEWER = [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)]
    _REMEDY = f"try {_NEWER[0]} dev.py" if _NEWER else "install a newer one"
    sys.exit(f"dev.py: error: Python 3.11 or later is needed, this is {sys.version.split()[0]}: {_REMEDY}")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CORE = ROOT / "packages" / "pynenc-core"
NOX = "nox>=2024.4.15"

#: Settings of pip that say where to install: we say that. Mirrors, proxies and caches stay as they are.
_PLACES = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")


def main(arguments: list[str]) -> NoReturn:
    """Carry out one command."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("-h", "--help"):
        print(__doc__)
        sys.exit(0)
    if command not in ("demo", "test"):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    make_environment()
    if command == "demo":
        # A changed list of dependencies is a reason to install again; changed code is not.
        metadata = (CORE / "pyproject.toml").read_text(encoding="utf-8")
        install("pynenc-core", ["--editable", str(CORE)], metadata)
        become(PYTHON, "-m", "pynenc", "demo", *rest)
    install("nox", [NOX])
    become(PYTHON, "-m", "nox", "--noxfile", ROOT / "noxfile.py", *rest)


def make_environment() -> None:
    """Make ``.venv``, unless there is one of this Python that works."""
    if Path(sys.prefix) == VENV or (
        _is_done("python", sys.version) and _run(PYTHON, "-c", "").returncode == 0
    ):
        return
    print(f"Making {VENV}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    # Debian keeps a part of venv in a package of its own; without it the first way fails.
    if _run(sys.executable, "-m", "venv", VENV).returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        _make_with_virtualenv()
    _mark_done("python", sys.version)


def _make_with_virtualenv() -> None:
    if _run(sys.executable, "-m", "pip", "--version").returncode != 0:
        sys.exit(
            "dev.py: error: this Python has neither a complete venv nor pip; one of them is needed "
            "(Debian and Ubuntu: apt install python3-venv)"
        )
    with tempfile.TemporaryDirectory() as folder:
        # A folder of its own is allowed in an externally managed environment too, and leaves no trace.
        _pip_install(sys.executable, "virtualenv", ["--target", folder, "virtualenv"])
        done = _run(sys.executable, "-m", "virtualenv", VENV, PYTHONPATH=folder)
    _require(done, f"{VENV} cannot be made")


def install(what: str, arguments: list[str], metadata: str = "") -> None:
    """Install into ``.venv``, unless that was done with the same arguments and metadata."""
    wanted = "\n".join((*arguments, metadata))
    if _is_done(what, wanted):
        return
    print(f"Installing {what} into {VENV}", flush=True)
    _pip_install(PYTHON, what, arguments)
    _mark_done(what, wanted)


def _pip_install(python: str | Path, what: str, arguments: list[str]) -> None:
    done = _run(
        *(python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *arguments),
        PIP_USER="0",
        PIP_REQUIRE_VIRTUALENV="0",
    )
    _require(
        done,
        f"{what} cannot be installed, see above. Where pypi.org cannot be reached, name a mirror "
        "(PIP_INDEX_URL), a folder of wheels (PIP_FIND_LINKS) or a proxy (HTTPS_PROXY)",
    )


def become(*command: str | Path) -> NoReturn:
    """Let another program take the place of this one, as if ``.venv`` were active."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    environment.update(VIRTUAL_ENV=str(VENV), PATH=f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}")
    os.execve(command[0], [str(word) for word in command], environment)


def _run(*command: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; its output is in ``stdout``."""
    environment = {name: value for name, value in os.environ.items() if name not in _PLACES} | variables
    try:
        return subprocess.run(
            [str(word) for word in command],
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, str(error))


def _require(done: "subprocess.CompletedProcess[str]", problem: str) -> None:
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\ndev.py: error: {problem}")


def _stamp(step: str) -> Path:
    return VENV / f".done-{step}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_done(step: str, wanted: str) -> bool:
    return _stamp(step).is_file() and _stamp(step).read_text(encoding="ascii") == _digest(wanted)


def _mark_done(step: str, wanted: str) -> None:
    _stamp(step).write_text(_digest(wanted), encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1:])
