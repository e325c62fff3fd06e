from __future__ import annotations

from datetime import UTC, datetime

from pynenc.values.ids import InvocationId, RunnerId
from pynenc.values.records import HistoryEntry, InvocationRecord
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.log_findings import SILENCE_SECONDS, Finding, Kind, findings_in
from pynmon.log_known import Known
from pynmon.log_lines import parse
from pynmon.log_picture import picture_of
from pynmon.timeline.axis import LABELS, WIDTH

S = InvocationStatus
BEGAN = datetime(2026, 1, 31, 8, tzinfo=UTC).timestamp()
NAME = InvocationId("pay-1")
RECORD = InvocationRecord(
    invocation_id=NAME,
    task_id="shop.pay",
    args_id="x",
    status=S.SUCCESS,
    seq=1,
    status_at=BEGAN,
    root_id=NAME,
    created_at=BEGAN,
    available_at=BEGAN,
)


def known(*history: tuple[float, InvocationStatus, str | None]) -> Known:
    """One invocation with these entries, and the runners of them."""
    entries = [
        HistoryEntry(seq, status, BEGAN + at, RunnerId(runner) if runner else None)
        for seq, (at, status, runner) in enumerate(history, 1)
    ]
    names = {runner for _, _, runner in history if runner} | {"other"}
    runners = {
        name: RunnerRecord(
            identity=RunnerIdentity(runner_id=RunnerId(name), runner_cls="R", host="h", pid=1),
            started_at=BEGAN,
            beats=1,
            last_beat_at=BEGAN,
        )
        for name in names
    }
    return Known({NAME: RECORD}, runners, {NAME: entries})


def line(second: float, runner: str = "first", level: str = "INFO") -> str:
    at = datetime.fromtimestamp(BEGAN + second, UTC).isoformat(timespec="milliseconds")
    return f"{at} {level} x [runner:{runner} invocation:{NAME} task:shop.pay] it"


def found(text: str, what: Known) -> list[Finding]:
    return findings_in(parse(text), what, BEGAN + 1000)


RAN = (
    (0.0, S.REGISTERED, None),
    (1.0, S.PENDING, "first"),
    (2.0, S.RUNNING, "first"),
    (90.0, S.SUCCESS, "first"),
)


def test_what_went_well_has_no_findings() -> None:
    assert found(f"before\n{line(2.0)}\n{line(3.0)}", known(*RAN)) == []
    assert found(line(2.0), Known()) == []


def test_what_was_tried_again_or_recovered_is_told_once_each() -> None:
    history = [
        *RAN[:3],
        (3.0, S.RETRY, None),
        (4.0, S.PENDING, "first"),
        (5.0, S.RUNNING, "first"),
        (6.0, S.RUNNING_RECOVERY, None),
        (6.0, S.REROUTED, None),
    ]
    text = f"x\n{line(2.0)}\n{line(5.0)}"
    assert [(one.kind, one.number, one.invocation_id) for one in found(text, known(*history))] == [
        (Kind.RECOVERY, 2, NAME),
        (Kind.RETRY, 2, NAME),
    ]


def test_an_entry_that_may_not_follow_comes_first() -> None:
    history = (*RAN[:3], (3.0, S.RETRY, None), (4.0, S.SUCCESS, None))
    first, second = found(line(2.0), known(*history))
    assert (first.kind, second.kind) == (Kind.ILLEGAL, Kind.RETRY)
    assert "entry 4" in first.words
    # Nor may one be missing.
    what = known(*RAN)
    lacking = Known(what.by_name, what.runners, {NAME: what.histories[NAME][::2]})
    assert [one.kind for one in found(line(2.0), lacking)] == [Kind.ILLEGAL]


def test_a_line_of_a_runner_that_did_not_have_it_is_a_conflict() -> None:
    text = f"{line(2.5)}\n{line(10.0, 'other')}\n{line(11.0, 'other')}"
    (one,) = found(text, known(*RAN))
    assert (one.kind, one.number) == (Kind.CONFLICT, 2)
    assert "other wrote" in one.words
    assert "first had it" in one.words
    # Clocks differ by a little, and whose it is not is nobody's.
    moved = (*RAN[:3], (5.0, S.RETRY, None), (6.0, S.PENDING, "other"), (7.0, S.RUNNING, "other"))
    assert [one.kind for one in found(line(5.5), known(*moved))] == [Kind.RETRY]
    assert [one.kind for one in found(line(7.5), known(*moved))] == [Kind.CONFLICT, Kind.RETRY]
    assert found(line(500.0, "other"), known(*RAN)) == []


def test_a_long_silence_while_it_ran_is_a_gap() -> None:
    late = 3.0 + SILENCE_SECONDS
    (one,) = found(f"{line(3.0)}\n{line(late)}", known(*RAN))
    assert (one.kind, one.number) == (Kind.GAP, 2)
    assert found(f"{line(3.0)}\n{line(late - 1)}", known(*RAN)) == []
    # It did not run the whole time.
    assert found(f"{line(3.0)}\n{line(95.0)}", known(*RAN)) == []


def test_lines_have_a_place_on_a_timeline_beside_what_they_name() -> None:
    text = f"{line(2.0)}\n{line(50.0, level='ERROR')}\nno time"
    drawing = picture_of(parse(text), known(*RAN))
    assert drawing is not None
    assert [lane.label.word for lane in drawing.picture.lanes] == ["pay", "lines"]
    (box,) = drawing.picture.lanes[0].boxes[-1:]
    assert (box.x + box.width, box.css) == (WIDTH, "st-success")
    marks = {css: outline for css, outline in drawing.picture.paths if css.startswith("st-")}
    assert list(marks) == ["st-registered", "st-failed"]
    assert LABELS < float(marks["st-registered"][1:].split()[0]) < WIDTH
    assert picture_of(parse("no time"), known(*RAN)) is None
    years = line(2.0) + "\n" + line(2.0).replace("2026", "2020")
    assert picture_of(parse(years), known(*RAN)) is None
