from __future__ import annotations

import json
from pathlib import Path

from pynmon.audit import Audit


def add(audit: Audit, subject: str, detail: str = "") -> None:
    audit.add(who="eve", action="cancel", subject=subject, result="done", detail=detail, address="::1")


def test_an_entry_is_one_line_whatever_is_in_it(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit")
    add(audit, "a", 'x\n{"who": "bob"}\u2028\ud800')
    add(audit, "b")
    lines = (tmp_path / "audit").read_text().splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["a", "b"]
    assert (tmp_path / "audit").stat().st_mode & 0o077 == 0


def test_the_file_is_gone_on_with(tmp_path: Path) -> None:
    add(Audit(tmp_path / "audit"), "a")
    with (tmp_path / "audit").open("a") as file:
        file.write('{"cut\n[]\n{"other": 1}\n')
    audit = Audit(tmp_path / "audit")
    add(audit, "b")
    assert [entry.subject for entry in audit.latest()] == ["b", "a"]
    assert [entry.subject for entry in Audit(tmp_path / "audit").latest()] == ["b", "a"]


def test_only_the_end_of_a_long_file_is_read(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit")
    for number in range(1_000):
        add(audit, f"{number}", "x" * 400)
    latest = Audit(tmp_path / "audit").latest()
    assert 100 < len(latest) <= 500
    assert [int(entry.subject) for entry in latest] == list(range(999, 999 - len(latest), -1))


def test_without_a_file_it_is_kept_in_memory() -> None:
    audit = Audit(None)
    for number in range(600):
        add(audit, f"{number}")
    assert len(audit.latest()) == 500
    assert audit.latest()[0].subject == "599"
