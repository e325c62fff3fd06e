from __future__ import annotations

import importlib

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
    assert "no login" in capsys.readouterr().err


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
