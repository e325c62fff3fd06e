from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pynenc.app import Pynenc
from pynenc.cli.main import main

from .conftest import running, task_of


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["invocation", "list", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_invocations_are_listed_newest_first(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = task_of(shop, "add")(1, 2), task_of(shop, "fail")()
    assert main(["invocation", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["invocation", "task", "status", "created", "arguments"]
    assert [line.split()[0] for line in lines[1:]] == [second.invocation_id, first.invocation_id]
    assert "x=1, y=2" in lines[2]


def test_the_list_is_filtered_and_limited(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    add, fail = task_of(shop, "add"), task_of(shop, "fail")
    for number in range(3):
        add(number, number)
    failing = fail()
    with running(shop):
        assert failing.wait(10)
    assert [found["status"] for found in listed(capsys, "--status", "failed")] == ["failed"]
    assert len(listed(capsys, "--status", "failed", "--status", "success")) == 4
    assert len(listed(capsys, "--task", "shop_tasks.add")) == 3
    assert len(listed(capsys, "--limit", "2")) == 2
    assert listed(capsys, "--task", "no.such") == []


def test_more_than_a_page_is_listed(
    shop: Pynenc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pynenc.cli.invocation._PAGE", 2)
    calls = [task_of(shop, "add")(number, 0) for number in range(5)]
    found = [record["invocation_id"] for record in listed(capsys)]
    assert found == [invocation.invocation_id for invocation in reversed(calls)]


def test_json_has_times_for_people_and_no_payload(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    task_of(shop, "add")(1, 2)
    record = listed(capsys)[0]
    assert record["created_at"].endswith("+00:00")
    assert record["args_preview"] == "x=1, y=2"
    assert not {"token", "arguments"} & record.keys()


def test_an_unknown_status_is_wrong_usage(shop: Pynenc) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["invocation", "list", "--status", "finished"])
    assert ended.value.code == 2


def test_one_invocation_is_shown_with_its_history(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    invocation = task_of(shop, "fail")()
    with running(shop):
        assert invocation.wait(10)
    assert main(["invocation", "show", invocation.invocation_id]) == 0
    facts, history = capsys.readouterr().out.split("\n\n")
    assert "no such article" in facts
    assert [line.split()[4] for line in history.splitlines()[1:]] == [
        "registered",
        "pending",
        "running",
        "failed",
    ]


def test_one_invocation_is_shown_as_json(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    invocation = task_of(shop, "add")(1, 2)
    with running(shop):
        assert invocation.get(10) == 3
    assert main(["invocation", "show", invocation.invocation_id, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["status"] == "success"
    assert [entry["status"] for entry in shown["history"]] == ["registered", "pending", "running", "success"]
    assert [entry["seq"] for entry in shown["history"]] == [1, 2, 3, 4]
    assert "data" not in shown["outcome"]


def test_an_unknown_id_is_one_line_and_code_1(shop: Pynenc, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["invocation", "show", "unknown"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("pynenc: error: no invocation 'unknown' in this app's stores")
    assert error.count("\n") == 1


def test_with_memory_it_says_that_there_is_nothing_to_see(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "memory_shop.py").write_text("from pynenc import Pynenc\napp = Pynenc()\n")
    assert main(["--app", "memory_shop.py", "invocation", "list"]) == 0
    assert "keeps its data in the memory of each process" in capsys.readouterr().err
