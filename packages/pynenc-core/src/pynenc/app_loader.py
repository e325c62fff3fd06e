"""From the text of ``--app`` to the user's app."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from pynenc.app import Pynenc
from pynenc.exceptions import AppLoadError

#: Files that are looked at first when no app is named.
_PREFERRED = ("tasks.py", "app.py", "pynenc_app.py")
_NEVER_SCANNED = frozenset({"setup.py", "conftest.py"})
_HINT = "name it with --app, as 'package.module', 'package.module.variable' or 'path/to/file.py'"
_LIBRARY_DIRECTORIES = (
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
    str(Path(__file__).parent),
)


def load_app(spec: str | None) -> Pynenc:
    """Import and return the app that ``spec`` names, or the only one in the current directory.

    The current directory is put on ``sys.path``.

    Raises:
        AppLoadError: nothing is found there, or more than one app, or its module fails on import.
    """
    _put_on_path(Path.cwd())
    if spec is None:
        return _discover_app()
    if ":" in spec:
        raise AppLoadError(f"app '{spec}': write a dot instead of the colon, '{spec.replace(':', '.')}'")
    if spec.endswith(".py") or os.sep in spec:
        module = _import_file(Path(spec))
        return _only_app(_apps_of([module]), f"file '{spec}'")
    return _load_dotted(spec)


def _load_dotted(spec: str) -> Pynenc:
    try:
        module = _import_module(spec)
    except _NoSuchModuleError:
        parent, _, variable = spec.rpartition(".")
        if not parent:
            raise AppLoadError(
                f"there is no module '{spec}' in {Path.cwd()} or on sys.path; {_HINT}"
            ) from None
    else:
        return _only_app(_apps_of([module]), f"module '{spec}'")
    try:
        module = _import_module(parent)
    except _NoSuchModuleError as error:
        raise AppLoadError(
            f"there is no module '{error.args[0]}' in {Path.cwd()} or on sys.path; {_HINT}"
        ) from None
    return _app_named(variable, module)


def _app_named(variable: str, module: ModuleType) -> Pynenc:
    try:
        found = getattr(module, variable)
    except AttributeError:
        names = sorted(_apps_of([module]).values())
        there = f"its apps are {', '.join(names)}" if names else "it has no app at all"
        raise AppLoadError(f"module '{module.__name__}' has no '{variable}'; {there}") from None
    if not isinstance(found, Pynenc):
        raise AppLoadError(f"'{module.__name__}.{variable}' is not a Pynenc app but {type(found).__name__}")
    return found


def _discover_app() -> Pynenc:
    """The only app of the modules in the current directory that mention Pynenc."""
    mentioning = [path for path in sorted(Path.cwd().glob("*.py")) if _mentions_pynenc(path)]
    preferred = [path for path in mentioning if path.name in _PREFERRED]
    others = [path for path in mentioning if path.name not in _PREFERRED]
    failure: AppLoadError | None = None
    for paths in (preferred, others):
        modules = []
        for path in paths:
            try:
                modules.append(_import_file(path))
            except AppLoadError as error:  # another file may hold the app; if none does, this is told
                failure = failure or error
        if apps := _apps_of(modules):
            return _only_app(apps, f"directory '{Path.cwd()}'")
    if failure:
        raise failure
    raise AppLoadError(f"no module in '{Path.cwd()}' holds a Pynenc app; {_HINT}")


def _mentions_pynenc(path: Path) -> bool:
    if path.name.startswith("_") or path.name in _NEVER_SCANNED:
        return False
    try:
        return b"Pynenc" in path.read_bytes()
    except OSError:
        return False


def _apps_of(modules: Iterable[ModuleType]) -> dict[int, str]:
    """Identity of each app -> the first name it was found under."""
    apps: dict[int, str] = {}
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, Pynenc):
                apps.setdefault(id(value), f"{module.__name__}.{name}")
    return apps


def _only_app(apps: dict[int, str], place: str) -> Pynenc:
    if not apps:
        raise AppLoadError(f"{place} holds no Pynenc app; {_HINT}")
    if len(apps) > 1:
        names = sorted(apps.values())
        raise AppLoadError(
            f"{place} holds {len(names)} apps, {', '.join(names)}: name one with --app {names[0]}"
        )
    module, _, variable = next(iter(apps.values())).rpartition(".")
    return _app_named(variable, sys.modules[module])


def _import_file(path: Path) -> ModuleType:
    """Import a file under the name by which the tasks in it are found again: packages above it count."""
    path = path.resolve()
    if path.is_dir():
        path = path / "__init__.py"
    if not path.is_file():
        raise AppLoadError(f"there is no file '{path}'; {_HINT}")
    parts = [] if path.name == "__init__.py" else [path.stem]
    directory = path.parent
    while (directory / "__init__.py").is_file():
        parts.insert(0, directory.name)
        directory = directory.parent
    _put_on_path(directory)
    name = ".".join(parts)
    try:
        module = _import_module(name)
    except _NoSuchModuleError:
        raise AppLoadError(f"file '{path}' cannot be imported as module '{name}': rename it") from None
    if module.__file__ is None or Path(module.__file__).resolve() != path:
        raise AppLoadError(
            f"file '{path}' is hidden by another module '{name}', {module.__file__}: rename it"
        )
    return module


class _NoSuchModuleError(Exception):
    """The module itself is missing, not something it imports."""


def _import_module(name: str) -> ModuleType:
    """Import a module after its packages, one by one, so that a failure is told of the one that failed."""
    parent, _, last = name.rpartition(".")
    if not last.isidentifier():
        raise _NoSuchModuleError(name)
    if parent:
        _import_module(parent)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise _NoSuchModuleError(error.name) from None
        raise AppLoadError(_describe_failure(name, error)) from error
    except (Exception, SystemExit) as error:  # boundary: the user's module, which may call sys.exit() too
        raise AppLoadError(_describe_failure(name, error)) from error


def _describe_failure(module: str, error: BaseException) -> str:
    """Say what the user's module raised, and on which of the user's lines."""
    if isinstance(error, SyntaxError):
        problem = error.msg
        place: tuple[str | None, int | None] = error.filename, error.lineno
    else:
        problem = str(error)
        frames = traceback.extract_tb(error.__traceback__)
        own = [(frame.filename, frame.lineno) for frame in frames if _is_users(frame.filename)]
        place = own[-1] if own else (None, None)
    where = f" ({place[0]}, line {place[1]})" if place[0] else ""
    return f"module '{module}' cannot be imported: {type(error).__name__}: {problem}{where}"


def _is_users(filename: str) -> bool:
    return not filename.startswith(("<", *_LIBRARY_DIRECTORIES))


def _put_on_path(directory: Path) -> None:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
