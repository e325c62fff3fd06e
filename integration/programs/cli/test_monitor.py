from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from pynenc.cli import monitor
from pynenc.cli.main import main


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org"])
def test_without_a_login_it_listens_on_this_machine_only(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error:
        main(["monitor", "--host", host])
    assert error.value.code == 2
    assert "without a login" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("operator alice short", "somebody could guess"),
        ("king alice 0123456789012345678901", "viewer, operator, admin"),
        ("operator alice", "ROLE NAME SECRET"),
        ("operator al/ice 0123456789012345678901", "letters"),
        ("viewer a 0123456789012345678901\nviewer a 1123456789012345678901", "already"),
    ],
)
def test_a_wrong_token_file_is_refused_without_showing_a_secret(
    lines: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tokens"
    file.write_text(lines + "\n")
    file.chmod(0o600)
    assert main(["monitor", "--auth-token-file", str(file)]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "0123456789" not in told
    assert "short" not in told


@pytest.mark.parametrize("content", [None, "# nobody\n"])
def test_a_file_without_tokens_is_refused(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tokens"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit):
        main(["monitor", "--auth-token-file", str(file)])
    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--trusted-header", "X-User"], "trusted_proxies"),
    ],
)
def test_nobody_is_trusted_by_mistake(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["monitor", *options]) == 1
    assert words in capsys.readouterr().err


def test_a_missing_package_is_named_with_the_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_pynmon(module: str) -> object:
        if module == "pynmon":
            raise ModuleNotFoundError("No module named 'pynmon'", name="pynmon")
        return importlib.import_module(module)

    monkeypatch.setattr(monitor, "import_module", without_pynmon)
    assert main(["monitor"]) == 1
    assert "pip install 'pynenc-core[monitor]'" in capsys.readouterr().err
