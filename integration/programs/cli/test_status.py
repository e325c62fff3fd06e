from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pynenc.cli.main import main
from pynenc.cli.status_svg import _PLACES
from pynenc.values.status import STATUS_TABLE

SVG = "{http://www.w3.org/2000/svg}"


def test_the_text_has_every_status_and_what_may_follow_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "render"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == len(STATUS_TABLE)
    for line, (status, row) in zip(lines, STATUS_TABLE.items(), strict=True):
        words = line.replace(",", "").split()
        assert words[:2] == [status.value, row.owner.value]
        assert {other for other in STATUS_TABLE if other in words[2:]} == row.next
        assert ("final" in words) == row.final
        assert ("claimable" in words) == row.available


def test_the_svg_has_every_status_and_every_edge(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "render", "--format", "svg"]) == 0
    drawing = ElementTree.fromstring(capsys.readouterr().out)
    texts = {text.text for text in drawing.iter(f"{SVG}text")}
    assert {status.value for status in STATUS_TABLE} <= texts
    edges = {title.text for path in drawing.iter(f"{SVG}path") for title in path.iter(f"{SVG}title")}
    assert edges == {f"{status} → {target}" for status, row in STATUS_TABLE.items() for target in row.next}


def test_every_status_has_a_place_of_its_own() -> None:
    assert _PLACES.keys() == STATUS_TABLE.keys()
    assert len(set(_PLACES.values())) == len(_PLACES)


@pytest.mark.parametrize("drawing_format", ["text", "svg"])
def test_check_accepts_what_was_written(tmp_path: Path, drawing_format: str) -> None:
    output = ["--format", drawing_format, "--output", str(tmp_path / "status")]
    assert main(["status", "render", *output]) == 0
    assert main(["status", "render", *output, "--check"]) == 0


def test_check_fails_on_a_stale_file_and_leaves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "status.svg"
    path.write_text("old")
    assert main(["status", "render", "--format", "svg", "--output", str(path), "--check"]) == 1
    assert f"draw it again with pynenc status render --format svg --output {path}" in capsys.readouterr().err
    assert path.read_text() == "old"


def test_check_fails_on_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "render", "--output", str(tmp_path / "none"), "--check"]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_check_needs_a_file() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["status", "render", "--check"])
    assert ended.value.code == 2


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "render", "--output", str(tmp_path / "no" / "status")]) == 1
    assert "cannot be written" in capsys.readouterr().err
