from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from pynenc.app import Pynenc
from pynenc.cli import main as cli
from pynenc.cli.main import main

PYNENC = (sys.executable, "-m", "pynenc")


def test_help_names_every_command_and_imports_none(directory: Path) -> None:
    script = (
        "import sys; sys.argv = ['pynenc', '--help']\n"
        "from pynenc.cli.main import main\n"
        "try: main()\n"
        "finally: print('heavy:', [m for m in ('pynenc.app', 'pydantic', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "heavy: []" in done.stdout
    for command in ("runner", "show_config", "invocation", "workflow", "status", "demo"):
        assert f"    {command} " in done.stdout


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pynenc {version('pynenc-core')}\n"


@pytest.mark.parametrize(
    "given", [[], ["nonsense"], ["runner"], ["invocation"], ["invocation", "list", "--limit", "0"]]
)
def test_wrong_usage_ends_with_code_2(given: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2


def test_a_command_is_given_the_app_that_was_named(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--app", "shop_tasks.app", "show_config"]) == 0
    assert "ConfigPynenc.app_id = shop" in capsys.readouterr().out


def test_a_missing_app_is_one_line_and_code_1(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--app", "no_such_module", "show_config"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("pynenc: error: there is no module 'no_such_module'")
    assert error.count("\n") == 1


def test_a_module_that_raises_is_one_line_with_its_place(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "broken_shop.py").write_text("import pynenc\nraise RuntimeError('no such bank')\n")
    assert main(["--app", "broken_shop.py", "runner", "start"]) == 1
    error = capsys.readouterr().err
    assert "RuntimeError: no such bank" in error
    assert "broken_shop.py, line 2" in error
    assert error.count("\n") == 1


def test_verbose_shows_where_an_error_came_from_and_logs_everything(
    shop: Pynenc, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-v", "invocation", "show", "unknown"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert shop.conf.logging_level == "debug"


def test_an_unexpected_error_is_one_line(
    shop: Pynenc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> int:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("pynenc.cli.config.run", explode)
    assert main(["show_config"]) == 1
    assert capsys.readouterr().err == "pynenc: error: ZeroDivisionError: by zero (-v shows where)\n"


def test_ctrl_c_ends_with_code_130(shop: Pynenc, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("pynenc.cli.config.run", interrupt)
    assert main(["show_config"]) == 130


def test_a_reader_that_has_seen_enough_is_no_complaint(shop: Pynenc) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as closed:
        done = subprocess.run(
            [*PYNENC, "show_config"], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == ""


def test_every_command_has_its_module() -> None:
    for command in cli._COMMANDS.values():
        module = cli._module_of(command)
        assert callable(module.add_parser)
        assert callable(module.run)
