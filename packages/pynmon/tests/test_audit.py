from __future__ import annotations

import json
from pathlib import Path

import pytest

from pynmon.audit import Audit


def add(audit: Audit, subject: str, detail: str = "") -> None:
    audit.add(who="eve", action="cancel", subject=subject, result="done", detail=detail, address="::1")


def test_an_entry_is_one_line_whatever_is_in_it(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit", "shop")
    add(audit, "a", 'x\n{"who": "bob"}\u2028\ud800')
    add(audit, "b")
    lines = (tmp_path / "audit").read_text().splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["a", "b"]
    assert (tmp_path / "audit").stat().st_mode & 0o077 == 0


def test_the_file_is_gone_on_with(tmp_path: Path) -> None:
    add(Audit(tmp_path / "audit", "shop"), "a")
    with (tmp_path / "audit").open("a") as file:
        file.write('{"cut\n[]\n{"other": 1}\n')
    audit = Audit(tmp_path / "audit", "shop")
    add(audit, "b")
    assert [entry.subject for entry in audit.page(500)[0]] == ["b", "a"]
    assert [entry.subject for entry in Audit(tmp_path / "audit", "shop").page(500)[0]] == ["b", "a"]


def test_a_file_of_when_it_was_of_one_monitor_is_gone_on_with(tmp_path: Path) -> None:
    add(Audit(tmp_path / "audit", ""), "a")
    (tmp_path / "audit").write_text((tmp_path / "audit").read_text().replace(', "app": ""', ""))
    audit = Audit(tmp_path / "audit", "shop")
    add(audit, "b")
    add(Audit(tmp_path / "audit", "billing"), "c")
    assert [entry.subject for entry in audit.every()] == ["a", "b"]


@pytest.mark.parametrize("kept", [True, False])
def test_pages_from_the_newest_to_the_oldest_hold_each_entry_once(tmp_path: Path, kept: bool) -> None:
    audit = Audit(tmp_path / "audit" if kept else None, "shop")
    assert audit.page(3) == ([], None)
    for number in range(1_000):
        add(audit, f"{number}", "x" * (number % 500))  # blocks of the file end anywhere in a line
    found: list[int] = []
    before = None
    while True:
        page, before = audit.page(7, before)
        found += [int(entry.subject) for entry in page]
        if before is None:
            break
        add(audit, "later")  # changes no page that is older
    assert found == list(range(999, -1, -1))
    assert audit.page(3, 2**50)[0][0].subject == "later"
    assert [entry.subject for entry in audit.every()][:3] == ["0", "1", "2"]
    # In the middle of a line: that one is no entry.
    assert audit.page(500, 20) == ([], None)
