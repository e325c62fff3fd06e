"""Every check and test of this repository: ``python3 dev.py test`` runs the default ones.

All sessions of one Python share one virtual environment below ``.nox``, which is made again only when what
has to be in it changed.
"""

from __future__ import annotations

import email
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from email.message import Message
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PACKAGES = ("pynenc-core", "pynenc-redis", "pynenc-mongodb", "pynenc-rabbitmq", "pynmon")
#: Those that have modules already: they are installed, typed and tested.
WITH_MODULES = tuple(package for package in PACKAGES if (ROOT / "packages" / package / "src").is_dir())
PYTHONS = ("3.11", "3.12", "3.13")
#: The Python of all sessions but ``unit``: the one that runs nox.
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
#: Names of ``integration/backends``; ``PYNENC_TEST_REQUIRE`` says which of them must be reachable.
BACKENDS = ("mem", "sqlite", "sqlite_split", "redis", "rabbitmq", "mongodb")
#: Of those whose records are another backend's, what the contract says about the rest.
BROKER_ONLY = {"rabbitmq": ("integration/contract/test_broker.py", "integration/contract/test_isolation.py")}
_THREADS = "ThreadRunner and not MultiThreadRunner"
#: Modules of tests in which runners differ.
_ABOUT_RUNNERS = "test_runners or test_recovery or test_nested_waits or test_time_limits"
#: Those whose behaviour is not tested with every runner: what the other runners do is seen elsewhere.
RUNNERS = {
    # Threads are seen in memory, and beside RabbitMQ on the same records.
    "sqlite": f"PersistentProcessRunner or {_ABOUT_RUNNERS}",
    "sqlite_split": _THREADS,
    "rabbitmq": _THREADS,
    "redis": f"({_THREADS}) or (PersistentProcessRunner and ({_ABOUT_RUNNERS}))",
    "mongodb": f"({_THREADS}) or PersistentProcessRunner",
}
#: Those whose queue is another server than the records, and that are killed with that server.
MIXES = ("rabbitmq",)
#: Those that the table of docs/combinations.md is about.
COMBINATIONS = ("rabbitmq", "rabbitmq_redis", "rabbitmq_mongodb", "redis_mongodb", "sqlite_split")
#: Those that the monitor is tested on, beside SQLite.
MONITORED = ("redis", "mongodb", "rabbitmq")
#: For tests that share no server: those of every backend would be started otherwise.
NO_SERVER = ("--backend", "mem")
#: Those that are put through the faults by default; others by name, with ``-- --backend redis``.
FAULTS = ("mem", "sqlite")

#: What builds our packages where they are installed editable.
BUILDERS = ("editables>=0.5", "hatchling>=1.26")
#: What the tests of the packages need; the environments that run nothing else have nothing else.
UNIT_REQUIREMENTS = (
    "httpx>=0.28",
    "hypothesis>=6.100",
    "pytest>=8.3",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
)
REQUIREMENTS = (
    *UNIT_REQUIREMENTS,
    "axe-playwright-python>=0.1.7",
    "build>=1.2",
    "hatchling>=1.26",
    "import-linter>=2.1",
    "mypy>=1.14",
    "playwright>=1.50",
    "ruff>=0.9",
    "testcontainers>=4.9",
    "types-PyYAML>=6",
    "types-croniter>=6",
    "virtualenv>=20.26",
)
#: Tests that wait for processes most of the time: two of them per CPU are not in each other's way.
PARALLEL = ("-n", str(2 * (os.cpu_count() or 1)))
#: Below ``integration``, beside the files at its top; tests of behaviour call tasks that no type describes.
TYPED_FOLDERS = (
    "integration/backends",
    "integration/contract",
    "integration/monitor",
    "integration/plugin",
    "integration/servers",
)
#: Where the toy plugin has its modules, which is not below the folders that mypy knows from pyproject.toml.
TOY_PATHS = ("integration/plugin/toy/src", "integration/plugin/toy/tests")

# Those of MongoDB and of RabbitMQ servers are run by name, and so is the behaviour on two SQLite files, which is that
# on one with a queue as RabbitMQ's: with them two cores would need more time than CI has.
nox.options.sessions = [
    "lint",
    "types",
    "unit",
    *(
        f"{kind}({backend})"
        for kind in ("contract", "behaviour")
        for backend in BACKENDS
        if backend != "mongodb" and (kind, backend) != ("behaviour", "sqlite_split")
    ),
    "faults",
    "redis_server",
    "programs",
    "monitor",
    "plugin",
    "build",
]
nox.options.stop_on_first_error = False


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Style, format and the direction of imports."""
    run = _Environment(session, THIS_PYTHON).run
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")
    run("lint-imports")


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Strict types in the packages, the integration tests and the files at the top; those of users' programs."""
    run = _Environment(session, THIS_PYTHON).run
    for package in WITH_MODULES:
        run("mypy", "--strict", ROOT / "packages" / package / "src")
    helpers = sorted((ROOT / "integration").glob("*.py"))
    run("mypy", "--strict", "dev.py", *helpers, *TYPED_FOLDERS, MYPYPATH=os.pathsep.join(TOY_PATHS))
    _run_tests(session, "integration/user_types", *NO_SERVER)


@nox.session(python=False)
@nox.parametrize("version", [nox.param(version, id=version) for version in PYTHONS])
def unit(session: nox.Session, version: str) -> None:
    """Unit tests of every package on each Python that there is."""
    folders = [ROOT / "packages" / package / "tests" for package in WITH_MODULES]
    tests = [folder for folder in folders if folder.is_dir()]
    # They compute rather than wait, and each process has to collect them all.
    parallel = ("-n", str(os.cpu_count() or 1))
    _Environment(session, version).run("pytest", *tests, *parallel, *session.posargs)


@nox.session(python=False)
@nox.parametrize("backend", [nox.param(backend, id=backend) for backend in BACKENDS])
def contract(session: nox.Session, backend: str) -> None:
    """What every backend has to do."""
    # On servers time passes by itself, and tests wait for it. What the suite leaves out is seen in one process only.
    parallel = PARALLEL if backend in ("redis", "sqlite_split") else ()
    _run_tests(session, *BROKER_ONLY.get(backend, ("integration/contract",)), "--backend", backend, *parallel)


@nox.session(python=False)
@nox.parametrize("backend", [nox.param(backend, id=backend) for backend in BACKENDS])
def behaviour(session: nox.Session, backend: str) -> None:
    """The promises to users, through tasks and runners."""
    runners = ("-k", RUNNERS[backend]) if backend in RUNNERS else ()
    _run_tests(session, "integration/behaviour", "--backend", backend, *PARALLEL, *runners)


@nox.session(python=False)
def faults(session: nox.Session) -> None:
    """Crashes and lost connections."""
    # A fault at each store call takes long; every sixth one finds what is grossly wrong. Unset, it is each.
    os.environ.setdefault("PYNENC_TEST_FAULT_STRIDE", "6")
    _run_tests(session, "integration/faults", "--backend", ",".join(FAULTS), *PARALLEL)


@nox.session(python=False)
def rabbitmq_server(session: nox.Session) -> None:
    """RabbitMQ servers that die, block and refuse, and messages that are not ours; workers killed beside one."""
    # One server for all of them: starting one takes as long as several tests.
    _run_tests(session, "integration/rabbitmq_server", *NO_SERVER)
    # What mixes stores is put through what kills; the rest of the faults is about one store.
    kills = "integration/faults/test_runner_kills.py"
    _run_tests(session, kills, "--backend", ",".join(MIXES), *PARALLEL)


@nox.session(python=False, default=False)
def combinations(session: nox.Session) -> None:
    """Every combination of stores, and the table of docs/combinations.md from what became of the tests."""
    backends = ("--backend", ",".join(COMBINATIONS))
    folder = Path(session.create_tmp())
    runs = {
        "contract": BROKER_ONLY["rabbitmq"],
        "behaviour": ("integration/behaviour", "-k", _THREADS, *PARALLEL),
        "kills": ("integration/faults/test_runner_kills.py", *PARALLEL),
    }
    reports = [folder / f"{name}.xml" for name in runs]
    for report, tests in zip(reports, runs.values(), strict=True):
        # What fails is what the table is to say.
        _run_tests(session, *tests, *backends, f"--junit-xml={report}", success_codes=(0, 1))
    _Environment(session, THIS_PYTHON).run("python", "integration/combinations.py", *map(str, reports))


@nox.session(python=False)
def programs(session: nox.Session) -> None:
    """The command line, the demo and the examples, as their users run them."""
    _run_tests(session, "integration/programs", *NO_SERVER, *PARALLEL)


@nox.session(python=False)
def redis_server(session: nox.Session) -> None:
    """Redis servers that die, refuse, move, and hold what they should not; the contract on a cluster."""
    _run_tests(session, "integration/redis_server", *NO_SERVER, *PARALLEL)
    _run_tests(session, "integration/contract", "--backend", "redis_cluster", *PARALLEL)


@nox.session(python=False)
def mongodb_server(session: nox.Session) -> None:
    """MongoDB servers that die, step down and refuse; processes that die between two writes; commands and indexes."""
    _run_tests(session, "integration/mongodb_server", *NO_SERVER, *PARALLEL)


@nox.session(python=False)
def monitor(session: nox.Session) -> None:
    """The pages of the monitor, also in a browser where there is one."""
    # The files have shops and monitors of their own: each process that runs a part of a file would make them again.
    by_file = ("--dist", "loadfile")
    _run_tests(session, "integration/monitor", "--backend", ",".join(MONITORED), *PARALLEL, *by_file)


@nox.session(python=False)
def plugin(session: nox.Session) -> None:
    """A plugin by somebody else: built, installed beside pynenc-core, found, and put through the contract."""
    _run_tests(session, "integration/plugin", *NO_SERVER)


@nox.session(python=False)
def build(session: nox.Session) -> None:
    """Build every package and look into the wheels; they are left in ``dist``."""
    environment = _Environment(session, THIS_PYTHON)
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    for package in PACKAGES:
        # The source distribution first, the wheel from it: what is missing in one is missing in the other.
        environment.run("python", "-m", "build", "--outdir", folder, ROOT / "packages" / package, silent=True)
        _check_wheel(session, next(folder.glob(f"{package.replace('-', '_')}-*.whl")), package)


@nox.session(python=False, default=False)
def bench(session: nox.Session) -> None:
    """Benchmarks; arguments after ``--`` go to ``benchmarks/run.py``."""
    _require(session, "benchmarks")
    requirements = ROOT / "benchmarks" / "requirements.txt"
    environment = _Environment(session, THIS_PYTHON, requirements if requirements.exists() else None)
    environment.run("python", "benchmarks/run.py", *session.posargs)


def _run_tests(session: nox.Session, folder: str, *options: str, success_codes: Sequence[int] = (0,)) -> None:
    _require(session, folder)
    environment = _Environment(session, THIS_PYTHON)
    environment.run("pytest", folder, *options, *session.posargs, success_codes=success_codes)


def _require(session: nox.Session, folder: str) -> None:
    if not (ROOT / folder).exists():
        session.error(f"there is no {folder}")


class _Environment:
    """The virtual environment of one Python, with every package of ours (editable) and all tools.

    Args:
        session: The session that needs it; it is skipped when there is no such Python.
        version: Of Python.
        extra: A file of more requirements, for an environment of its own.
    """

    def __init__(self, session: nox.Session, version: str, extra: Path | None = None) -> None:
        self._session = session
        self._bin = ROOT / ".nox" / f"python{version}{'-' + extra.parent.name if extra else ''}" / "bin"
        interpreter = _find_interpreter(version)
        if interpreter is None:
            session.skip(f"there is no Python {version} on this machine")
        self._requirements = REQUIREMENTS if version == THIS_PYTHON else UNIT_REQUIREMENTS
        wanted = "\n".join(
            [interpreter, str(ROOT), *self._requirements]
            + [
                (ROOT / "packages" / one / "pyproject.toml").read_text(encoding="utf-8")
                for one in WITH_MODULES
            ]
            + ([extra.read_text(encoding="utf-8")] if extra else [])
        )
        digest = hashlib.sha256(wanted.encode()).hexdigest()
        stamp = self._bin.parent / ".complete"
        if not (stamp.exists() and stamp.read_text(encoding="ascii") == digest):
            self._make(interpreter, extra)
            stamp.write_text(digest, encoding="ascii")

    def _make(self, interpreter: str, extra: Path | None) -> None:
        virtualenv = ("-m", "virtualenv", "--quiet", "--clear", "--python", interpreter)
        self._session.run(sys.executable, *virtualenv, str(self._bin.parent), external=True)
        files = ("-r", extra) if extra else ()
        # What is never imported need not be compiled, and the rest is when it is.
        install = ("python", "-m", "pip", "install", "--no-compile")
        self.run(*install, *BUILDERS, *self._requirements, *files, silent=True)
        # With the builders that are there now: pip would make an environment for building each package otherwise.
        others = [package for package in WITH_MODULES if package != "pynmon"]
        self.run(*install, "--no-build-isolation", *_editable(*others), silent=True)
        # Its build also needs npm, which pip is told of where there is none.
        self.run(*install, *_editable("pynmon"), silent=True)

    def run(
        self,
        program: str,
        *arguments: str | Path,
        silent: bool = False,
        success_codes: Sequence[int] = (0,),
        **variables: str,
    ) -> None:
        """Run a program of the environment, with some environment variables."""
        self._session.run(
            str(self._bin / program),
            *map(str, arguments),
            env={
                "PATH": f"{self._bin}{os.pathsep}{os.environ.get('PATH', '')}",
                "VIRTUAL_ENV": str(self._bin.parent),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                # Tests start hundreds of processes: where this is set, each would compile all that it imports.
                "PYTHONDONTWRITEBYTECODE": "",
                **variables,
            },
            external=True,
            silent=silent,
            success_codes=success_codes,
        )


def _editable(*packages: str) -> list[str]:
    return [word for package in packages for word in ("-e", str(ROOT / "packages" / package))]


def _find_interpreter(version: str) -> str | None:
    """Path of a Python that works: the one that runs nox, one on the PATH, or one that pyenv installed."""
    candidates: list[str | Path | None] = []
    if version == THIS_PYTHON:
        candidates.append(sys.executable)
    candidates.append(shutil.which(f"python{version}"))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    # A shim of pyenv is there also when it leads nowhere, so each of them is tried.
    return next((str(found) for found in candidates if found is not None and _works(found)), None)


def _works(interpreter: str | Path) -> bool:
    return subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode == 0


def _check_wheel(session: nox.Session, path: Path, package: str) -> None:
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        info = next(name.partition("/")[0] for name in names if ".dist-info/" in name)
        metadata = email.message_from_bytes(wheel.read(f"{info}/METADATA"))
    problems = [*_problems_of(metadata, package)]
    if f"{info}/licenses/LICENSE" not in names:
        problems.append("no LICENSE")
    if package == "pynenc-core":
        needed = ("pynenc/py.typed", "pynenc/backends/sqlite/schema.sql", f"{info}/entry_points.txt")
        problems += [f"no {name}" for name in needed if name not in names]
    elif package in WITH_MODULES:
        needed: tuple[str, ...] = (f"{package.replace('-', '_')}/py.typed",)
        if package == "pynmon":
            # Fetched when it is built.
            needed += ("pynmon/static/vendor/htmx.min.js", "pynmon/static/vendor/idiomorph-ext.min.js")
        problems += [f"no {name}" for name in needed if name not in names]
    elif not all(name.startswith(f"{info}/") for name in names):
        problems.append("modules in a package that is said to have none")
    if problems:
        session.error(f"{path.name}: {', '.join(problems)}")
    session.log(f"{path.name}: {len(names)} files, metadata complete")


def _problems_of(metadata: Message, package: str) -> list[str]:
    expected = {"Name": package, "License-Expression": "MIT", "Requires-Python": ">=3.11"}
    problems = [
        f"{field} is {metadata[field]!r}, not {value!r}"
        for field, value in expected.items()
        if metadata[field] != value
    ]
    if not metadata["Summary"] or not str(metadata.get_payload()).strip():
        problems.append("no description")
    own = metadata["Version"].partition(".")[0]
    requires = metadata.get_all("Requires-Dist") or []
    if package != "pynenc-core" and f"pynenc-core<{int(own) + 1},>={metadata['Version']}" not in requires:
        problems.append(f"pynenc-core is not required as it should be: {requires}")
    return problems
