from __future__ import annotations

import pytest

from pynenc.cli.table import print_table


def test_columns_are_aligned_and_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "lines"), [("app", "7"), ("worker", "1,024")], title="Modules", numbers=("lines",))
    assert capsys.readouterr().out == "Modules\nname    lines\napp         7\nworker  1,024\n"


def test_what_a_terminal_would_obey_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [("a\x1b[2Jb\nc",)])
    assert capsys.readouterr().out == "name\na\\x1b[2Jb\\nc\n"


def test_on_a_terminal_square_brackets_are_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    print_table(("name",), [("[bold]x[/bold]",)], title="Modules")
    shown = capsys.readouterr().out
    assert "[bold]x[/bold]" in shown
    assert "Modules" in shown
