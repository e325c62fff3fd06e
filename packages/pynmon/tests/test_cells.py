from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from markupsafe import Markup

from pynenc.values.ids import RunnerId
from pynenc.values.notes import KnownCode, KnownTask, Period
from pynenc.values.runners import RunnerIdentity, RunnerRecord
from pynmon.beats import strip_of
from pynmon.health import RunnerState
from pynmon.presentation.cells import Cells
from pynmon.presentation.instants import Instants
from pynmon.presentation.markup import fill, shown
from pynmon.runner_rows import RunnerRow
from pynmon.work import Work

HOSTILE = """<script>alert(1)</script>" onmouseover='x' &amp; %s {0} \x00\x1b[31m\u202eevil"""


class Read(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def url(name: str, **parameters: Any) -> str:
    return f"/{name}/" + "/".join(parameters.values())


def test_what_is_put_in_is_text_wherever_it_stands() -> None:
    read = Read(fill('<a title="%s">%s</a>', HOSTILE, HOSTILE))
    ((tag, attributes),) = read.elements
    visible = HOSTILE.replace("\x00", "␀").replace("\x1b", "␛").replace("\u202e", "⟨U+202E⟩")
    assert (tag, set(attributes)) == ("a", {"title"})
    assert attributes["title"] == read.text == visible


def test_markup_is_put_in_as_it_is_and_other_values_as_text() -> None:
    assert fill("%s%s%s", Markup("<b>"), 7, "<b>") == "<b>7&lt;b&gt;"
    assert isinstance(shown("<"), Markup)


@pytest.mark.parametrize("cell", ["task", "task_alone", "invocation", "workflow", "runner"])
def test_a_link_holds_hostile_names_as_text(cell: str) -> None:
    read = Read(getattr(Cells(url, Instants("", 0.0)), cell)(HOSTILE))
    assert "script" not in [tag for tag, _ in read.elements]
    tag, attributes = read.elements[0]
    assert (tag, set(attributes)) == ("a", {"class", "href"})


def test_an_age_is_counted_to_the_page_and_says_exactly_when() -> None:
    cells = Cells(url, Instants("", 100.0))
    assert Read(cells.ago(98.0)).text == "2.00 s ago"
    assert Read(cells.ago(160.0)).text == "in 1 m 00 s"
    assert Read(cells.ago(98.0)).elements == [
        ("time", {"datetime": "1970-01-01T00:01:38.000Z", "title": "1970-01-01T00:01:38.000Z"})
    ]
    assert cells.ago(None) == "–"


def test_an_instant_is_said_as_it_was_chosen_and_exactly_wherever_one_points() -> None:
    for choice, text, exact in (
        ("", "00:01:38", "1970-01-01T00:01:38.000Z"),
        ("Asia/Kolkata", "05:31:38", "1970-01-01T05:31:38.000+05:30"),
        ("relative", "2.00 s ago", "1970-01-01T00:01:38.000Z"),
    ):
        read = Read(Cells(url, Instants(choice, 100.0)).when(98.0))
        assert read.text == text
        title = f"{exact}, 2.00 s ago"
        assert read.elements == [("time", {"datetime": "1970-01-01T00:01:38.000Z", "title": title})]


def test_a_runner_is_a_line_in_which_its_words_are_text() -> None:
    identity = RunnerIdentity(runner_id=RunnerId(HOSTILE), runner_cls=HOSTILE, host="here", pid=7, slots=4)
    runner = RunnerRecord(
        identity=identity,
        started_at=10.0,
        beats=1,
        last_beat_at=70.0,
        stopped_at=80.0,
        stop_reason=HOSTILE,
        drains=True,
    )
    silences = [Period(70.0, 80.0)]
    code = KnownCode(HOSTILE, {}, {HOSTILE: KnownTask("", (), {})})
    strip = strip_of(runner, silences, 100.0)
    work = Work(30, 2, 0.5, 60.0)
    line = RunnerRow(runner, RunnerState.DEAD, 1, 2, None, silences, strip, work, code)
    read = Read(Cells(url, Instants("", 100.0)).runner_row(line))
    tags = {"tr", "td", "span", "svg", "a", "time", "path"}
    assert {tag for tag, _ in read.elements} == tags
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    for words in (
        "dead",
        "takes nothing more",
        "2 / 4",
        "50.0 %",
        "30.0 s ago",
        "00:00:10",
        "00:01:20, ",
    ):
        assert words in read.text
    (beats,) = (attributes for tag, attributes in read.elements if tag == "svg")
    assert "1 silence" in str(beats["aria-label"])
