from __future__ import annotations

import time
from pathlib import Path

import pytest

from pynenc.app_loader import load_app
from pynenc.cli.main import main

from .conftest import running

_APP = """
from pynenc import PynencBuilder
from pynenc.trigger import on_cron, on_event

app = PynencBuilder().app_id("shop").sqlite("shop.db").thread_runner(1, 1).build()


def broken(payload):
    raise ZeroDivisionError("in the filter")


@app.task(triggers=[on_cron("0 12 * * *"), on_event("go"), on_event("go", broken)])
def work(n: int = 0) -> int:
    return n
"""


@pytest.fixture
def command(directory: Path, capsys: pytest.CaptureFixture[str]) -> object:
    (directory / "shop_tasks.py").write_text(_APP)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["trigger", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_triggers_are_listed_shown_paused_and_fired(command, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = command("list")
    assert (code, len(out.splitlines())) == (0, 4)
    assert "cron '0 12 * * *' UTC" in out
    assert out.count("never ran") == out.count("no runner has it") == 3
    code, out, _ = command("next", "shop_tasks.work#1", "-n", "2")
    assert [line[11:19] for line in out.splitlines()] == ["12:00:00"] * 2
    assert command("pause", "shop_tasks.work#1")[0] == 0
    assert "paused" in command("list")[1]
    code, _, err = command("fire", "shop_tasks.work#1")
    assert code == 1
    assert "resume it first" in err
    assert command("resume", "shop_tasks.work#1")[0] == 0
    assert "waits for a runner" in command("fire", "shop_tasks.work#1", "--arguments", '{"n": 7}')[1]
    app = load_app(None)
    app.trigger.emit_event("go")
    with running(app):
        deadline = time.monotonic() + 20
        while len(app.trigger.list_runs()) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert "in force" in command("list")[1]
    code, out, _ = command("show", "shop_tasks.work#3")
    assert "Traceback" in out
    assert "ZeroDivisionError: in the filter" in out
    assert app.get_invocation(
        app.trigger.list_runs("shop_tasks.work#1")[0].invocation_id or ""
    ).arguments.kwargs == {"n": 7}
    app.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "nothing"), "there is no trigger 'nothing'; there are: shop_tasks.work#1"),
        (("next", "nothing"), "there is no trigger 'nothing'"),
        (("next", "shop_tasks.work#2"), "has no schedule"),
        (("fire", "shop_tasks.work#2", "--arguments", "{"), "is no JSON"),
        (("fire", "shop_tasks.work#2", "--arguments", "[1]"), "a JSON object"),
    ],
)
def test_mistakes_are_told(command, arguments: tuple[str, ...], message: str) -> None:  # type: ignore[no-untyped-def]
    code, _, err = command(*arguments)
    assert code == 1
    assert message in err
