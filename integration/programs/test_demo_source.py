from __future__ import annotations

import os
from pathlib import Path

import pytest
from integration.programs.conftest import DIRECTORIES, MODULES

from pynenc.demo import counts, source
from pynenc.demo.counts import Count, Module
from pynenc.demo.source import count_tree, list_directory, measure_module


def test_a_module_is_counted(tree: Path) -> None:
    path = tree / "top.py"
    assert measure_module(path) == Count(
        modules=1,
        lines=6,
        words=8,
        functions=1,
        imports={"json": 1, "os": 1},
        largest=[Module(str(path), lines=6, words=8, functions=1)],
    )


def test_nested_classes_and_async_functions_count_and_relative_imports_name_nothing(tree: Path) -> None:
    count = measure_module(tree / "package" / "classes.py")
    assert (count.functions, count.classes, count.imports) == (1, 2, {"os": 1})


def test_every_block_of_a_statement_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "blocks.py"
    path.write_text(
        "if a:\n    import a\nelse:\n    import b\n"
        "try:\n    import c\nexcept E:\n    import d\nelse:\n    import e\nfinally:\n    import f\n"
        "match x:\n    case 1:\n        import g\n"
        "for x in y:\n    import h\nelse:\n    import i\n"
        "while x:\n    with y:\n        import j\n"
    )
    assert "".join(measure_module(path).imports) == "abcdefghij"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"def broken(:\n", "line 1: "),
        (b"x = 1\x00\n", "null bytes"),
        (b"# coding: no-such\n", "unknown encoding: no-such"),
        (b"\xff\n", "line 1: "),
        (b"(" * 1_000 + b")" * 1_000, "too many nested parentheses"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_counted_with_the_reason(
    tmp_path: Path, text: bytes, problem: str
) -> None:
    path = tmp_path / "broken.py"
    path.write_bytes(text)
    count = measure_module(path)
    assert (count.modules, count.lines, count.failed) == (1, 1, 1)
    assert count.problems[0].startswith(f"{path}: ")
    assert problem in count.problems[0]


def test_a_file_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    count = measure_module(tmp_path / "gone.py")
    assert (count.modules, count.failed) == (1, 1)
    assert count.problems == [f"{tmp_path / 'gone.py'}: No such file or directory"]


def test_a_very_large_file_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_MAX_PARSED_BYTES", 10)
    path = tmp_path / "large.py"
    path.write_text("import os\nimport sys\n")
    count = measure_module(path)
    assert (count.lines, count.imports, count.failed) == (2, {}, 1)


def test_links_caches_and_other_peoples_packages_are_left_out(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "link.py").symlink_to(tree / "top.py")
    (tree / "site-packages").mkdir()
    (tree / ".hidden").mkdir()
    assert list_directory(tree) == ([str(tree / "package")], [str(tree / "top.py")])
    assert count_tree(tree) == (DIRECTORIES, MODULES)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_cannot_be_read_is_counted_as_called(tree: Path) -> None:
    (tree / "package").chmod(0)
    try:
        assert count_tree(tree) == (2, 1)
    finally:
        (tree / "package").chmod(0o700)


def test_merged_counts_add_up_and_do_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "KEPT", 2)
    total = Count()
    for lines in (1, 3, 2):
        module = Module(f"{lines}.py", lines=lines)
        total.add(
            Count(modules=1, lines=lines, imports={"os": 1}, largest=[module], failed=1, problems=["p"])
        )
    assert (total.modules, total.lines, total.imports, total.failed) == (3, 6, {"os": 3}, 3)
    assert [module.path for module in total.largest] == ["3.py", "2.py"]
    assert total.problems == ["p", "p"]
