"""Looks at source files; knows nothing of tasks."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pynenc.demo.counts import Count, Module, count_of_module

#: Directories that hold no source of the tree, or that of other projects.
_SKIPPED = frozenset({"site-packages", "dist-packages", "__pycache__", "node_modules"})
#: A larger file is not parsed: its syntax tree takes a hundred times its size of memory.
_MAX_PARSED_BYTES = 4_000_000
#: Parts of a statement that hold statements; functions, classes and imports are nowhere else.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def list_directory(directory: Path) -> tuple[list[str], list[str]]:
    """The sub-directories and the ``*.py`` files to be measured, as sorted paths; no link is followed.

    Raises:
        OSError: the directory cannot be read.
    """
    directories, files = [], []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED and not entry.name.startswith("."):
                    directories.append(entry.path)
            elif entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                files.append(entry.path)
    return sorted(directories), sorted(files)


def count_tree(directory: Path) -> tuple[int, int]:
    """How many directories, ``directory`` included, and ``*.py`` files there are to be measured."""
    directories, files = 0, 0
    pending = [str(directory)]
    while pending:
        directories += 1
        # What cannot be read is counted, because it is called; the task that meets it says so.
        with suppress(OSError):
            below, modules = list_directory(Path(pending.pop()))
            pending += below
            files += len(modules)
    return directories, files


def measure_module(path: Path) -> Count:
    """Count one file; one that cannot be read or parsed is counted as far as it goes, with the reason."""
    module = Module(str(path))
    imports: set[str] = set()
    problem = None
    try:
        source = path.read_bytes()
        module.lines = source.count(b"\n") + (not source.endswith(b"\n") and source != b"")
        module.words = len(source.split())
        for statement in _statements(_parse(source)):
            _note(statement, module, imports)
    # RecursionError and MemoryError are how the parser refuses code that is nested too deeply.
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problem = describe(error)
    return count_of_module(module, imports, problem)


def _parse(source: bytes) -> ast.Module:
    if len(source) > _MAX_PARSED_BYTES:
        raise ValueError(f"{len(source):,} bytes are too many to parse")
    with warnings.catch_warnings():
        # Somebody else's code may have an escape sequence that is going to be an error.
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement; expressions, of which there are ten times as many, are never visited."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        for block in _BLOCKS:
            pending.extend(getattr(node, block, ()))


def _note(statement: ast.AST, module: Module, imports: set[str]) -> None:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            module.functions += 1
        case ast.ClassDef():
            module.classes += 1
        case ast.Import(names=names):
            imports.update(name.name.partition(".")[0] for name in names)
        case ast.ImportFrom(module=str(name), level=0):
            imports.add(name.partition(".")[0])


def describe(error: Exception) -> str:
    """Why something could not be read or parsed, on one line."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}" if error.lineno else error.msg
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) or type(error).__name__
