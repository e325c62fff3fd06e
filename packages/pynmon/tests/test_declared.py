from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from pynenc import Pynenc
from pynenc.values.ids import RunnerId
from pynenc.values.notes import Given, KnownCode, KnownTask, RunnerNotes
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynmon.declared import declared_by, nobody_has


@pytest.fixture
def app() -> Iterator[Pynenc]:
    app = Pynenc({"app_id": "declares"})
    app.task(max_retries=2)(here)
    yield app
    app.close()


def here(number: int) -> None:
    """A task of this process."""


HERE = f"{__name__}.here"


def code(arguments: tuple[str, ...] = (), **options: str) -> KnownCode:
    given: Mapping[str, Given] = {name: Given(value, "environment") for name, value in options.items()}
    return KnownCode("1.0", {}, {"a.b": KnownTask("a, line 1", arguments, given)})


def test_without_runners_a_task_is_as_this_process_has_it(app: Pynenc) -> None:
    (task,) = declared_by(app, (), {}).values()
    (variant,) = task.variants
    assert task.is_here
    assert (variant.runners, variant.arguments) == (None, ("number",))
    # What somebody set comes first.
    assert (variant.options[0].name, variant.options[0].value) == ("max_retries", "2")
    assert {one.origin for one in variant.options[1:]} == {"default"}


def test_what_runners_say_counts_more(app: Pynenc) -> None:
    told = {
        "r": KnownCode("1.0", {}, {HERE: KnownTask("x, line 1", (), {"max_retries": Given("5", "file")})})
    }
    (task,) = declared_by(app, (), told).values()
    (variant,) = task.variants
    assert (variant.runners, variant.options[0].value, variant.options[0].origin) == (("r",), "5", "file")


@pytest.mark.parametrize(
    ("first", "second", "is_disputed"),
    [
        (code(), code(), False),
        (code(max_retries="1"), code(max_retries="1"), False),
        # Given what it is anyway.
        (code(max_retries="0"), code(), False),
        (code(max_retries="1"), code(), True),
        (code(("x",)), code(("y",)), True),
    ],
)
def test_runners_disagree_where_a_call_is_treated_differently(
    app: Pynenc, first: KnownCode, second: KnownCode, is_disputed: bool
) -> None:
    without = KnownCode("1.0", {}, {})
    task = declared_by(app, (), {"r": first, "s": second, "t": second, "u": without})["a.b"]
    assert task.is_disputed is is_disputed
    assert (task.runners, task.missing, task.is_here) == (3, ("u",), False)
    if is_disputed:
        assert [one.runners for one in task.variants] == [("s", "t"), ("r",)]


def test_nobody_has_what_no_runner_that_takes_work_declares() -> None:
    def row(name: str, parent: str | None = None, *, drains: bool = False) -> RunnerRecord:
        identity = RunnerIdentity(
            runner_id=RunnerId(name),
            runner_cls="ThreadRunner",
            host="here",
            pid=1,
            parent_id=None if parent is None else RunnerId(parent),
        )
        return RunnerRecord(identity=identity, started_at=0.0, beats=1, last_beat_at=0.0, drains=drains)

    notes = {"r": RunnerNotes(code())}
    rows = [row("r"), row("worker", "r")]
    assert nobody_has({"a.b"}, rows, notes) == set()
    assert nobody_has({"a.b", "a.c"}, rows, notes) == {"a.c"}
    # It has not said yet what it has.
    assert nobody_has({"a.c"}, [*rows, row("new")], notes) is None
    leaving = {**notes, "leaving": RunnerNotes(KnownCode("1.0", {}, {"a.c": code().tasks["a.b"]}))}
    assert nobody_has({"a.c"}, [*rows, row("leaving", drains=True)], leaving) == {"a.c"}
    assert nobody_has({"a.c"}, [row("leaving", drains=True)], leaving) is None
