"""Reads what was written about settings: files, the environment, values from code.

Each of them becomes a ``Document`` of one shape, so that one rule says which of its keys apply to a class.
Every value keeps the place it was found in.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from pynenc.exceptions import ConfigError

#: The file that is read without being named.
_PYPROJECT = "pyproject.toml"
#: The key that names a file in the environment.
FILEPATH = "filepath"
_TASK_SECTION = "task"
#: Other spellings of a section.
_SECTION_ALIASES = {"mongodb": "mongo"}


class Found(NamedTuple):
    """A value as it was written, and where."""

    value: object
    origin: str


class _MissingFileError(ConfigError, FileNotFoundError):
    """A configuration file that was named does not exist."""


@cache
def section_name(name: str) -> str:
    """Return the one spelling of a section: without case, underscores and dashes."""
    plain = name.lower().replace("_", "").replace("-", "")
    return _SECTION_ALIASES.get(plain, plain)


@dataclass(frozen=True, slots=True)
class Document:
    """What one source says: for everybody, per section and per task."""

    root: dict[str, Found] = field(default_factory=dict)
    sections: dict[str, dict[str, Found]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Found]] = field(default_factory=dict)

    def tables(self) -> Iterator[tuple[str, dict[str, Found]]]:
        """Every table with the section it belongs to; the root has none."""
        yield "", self.root
        yield from self.sections.items()
        for table in self.tasks.values():
            yield _TASK_SECTION, table


def document_of(values: Mapping[str, object], origin: str) -> Document:
    """Sort the keys of a file, or of ``config_values``.

    Raises:
        ConfigError: a table stands where a value is expected.
    """
    document = Document()
    for key, value in ((str(key), value) for key, value in values.items()):
        if not isinstance(value, Mapping):
            document.root[key] = Found(value, origin)
            continue
        section = section_name(key)
        table = document.sections.setdefault(section, {})
        for name, item in ((str(name), item) for name, item in value.items()):
            if not isinstance(item, Mapping):
                table[name] = Found(item, origin)
            elif section == _TASK_SECTION:
                _add_task_tables(document, name, item, origin)
            else:
                raise ConfigError(
                    f"{origin}: section '{key}' holds a table '{name}', but fields are plain values"
                )
    return document


def _add_task_tables(document: Document, name: str, values: Mapping[str, object], origin: str) -> None:
    """Add ``{"module.func": {...}}``, and the nested tables that TOML makes of an unquoted name."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            _add_task_tables(document, f"{name}.{key}", value, origin)
        else:
            document.tasks.setdefault(name, {})[str(key)] = Found(value, origin)


def environment() -> Document:
    """What the environment says now."""
    return _environment(
        tuple((name, os.environ.get(name, "")) for name in os.environ if name.startswith("PYNENC_"))
    )


@lru_cache(maxsize=8)
def _environment(variables: tuple[tuple[str, str], ...]) -> Document:
    document = Document()
    # Sorted, PYNENC__X comes after PYNENC_X and wins: READMEs of plugins show the name with one underscore.
    for name, text in sorted(variables, key=lambda item: item[0].startswith("PYNENC__")):
        found = Found(text, f"environment variable {name}")
        if not name.startswith("PYNENC__"):
            document.root[name.removeprefix("PYNENC_").lower()] = found
            continue
        scope, _, key = name.removeprefix("PYNENC__").rpartition("__")
        class_name, _, task = scope.partition("__")
        if not scope:
            document.root[key.lower()] = found
        elif task:
            document.tasks.setdefault(task.upper(), {})[key.lower()] = found
        else:
            section = section_name(class_name.lower().removeprefix("config"))
            document.sections.setdefault(section, {})[key.lower()] = found
    return document


def pyproject() -> Document:
    """What ``pyproject.toml`` of the current directory says; nothing when there is none."""
    try:
        return _read(_PYPROJECT, _PYPROJECT)
    except FileNotFoundError:
        return _NOTHING


_NOTHING = Document()


def file(path: str, named_by: str) -> Document:
    """What the file at ``path`` says.

    Raises:
        ConfigError: the file is missing (then it is a ``FileNotFoundError`` too) or malformed.
    """
    try:
        return _read(path, f"file {path}")
    except FileNotFoundError as error:
        raise _MissingFileError(
            f"configuration file '{path}' does not exist; it is named by {named_by}"
        ) from error


def _read(path: str, origin: str) -> Document:
    stat = os.stat(path)
    return _parse(os.path.abspath(path), origin, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _parse(path: str, origin: str, _modified: int, _size: int) -> Document:
    """Parse a file; its time of modification and size are parameters so that a changed file is read again."""
    suffix = Path(path).suffix.lower()
    if suffix not in _PARSERS:
        raise ConfigError(f"configuration file '{path}': expected one of {', '.join(sorted(_PARSERS))}")
    try:
        values = _PARSERS[suffix](Path(path).read_text(encoding="utf-8"))
    except _MalformedError as error:
        line, problem = error.args
        raise ConfigError(f"configuration file '{path}', line {line}: {problem}") from error.__cause__
    except UnicodeDecodeError as error:
        raise ConfigError(f"configuration file '{path}' is not UTF-8 text: {error.reason}") from error
    except OSError as error:
        raise ConfigError(f"configuration file '{path}' cannot be read: {error.strerror}") from error
    if Path(path).name == _PYPROJECT:
        tool = values.get("tool", {}) if isinstance(values, dict) else {}
        values = tool.get("pynenc", {})
    if not isinstance(values, dict):
        raise ConfigError(
            f"configuration file '{path}': expected a table of fields, not {type(values).__name__}"
        )
    return document_of(values, origin)


class _MalformedError(Exception):
    """The line and the problem of a text that cannot be parsed."""


def _parse_toml(text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise _MalformedError(line, error) from error


def _parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _MalformedError(error.lineno, error.msg) from error


def _parse_yaml(text: str) -> object:
    import yaml  # noqa: PLC0415 - slow to import, and most programs have no YAML file

    try:
        return yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _MalformedError(line, error.problem) from error
    except yaml.YAMLError as error:
        raise _MalformedError(1, error) from error


_PARSERS: dict[str, Callable[[str], object]] = {
    ".toml": _parse_toml,
    ".json": _parse_json,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
}
