from __future__ import annotations

import pytest

from pynmon.presentation.texts import duration, id_tail, iso, number, percent, plural, size, visible


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0.0 ms"),
        (0.00002, "< 0.1 ms"),
        (0.0041, "4.1 ms"),
        (0.842, "842 ms"),
        (0.9999, "1.00 s"),
        (1.862, "1.86 s"),
        (59.94, "59.9 s"),
        (59.99, "60.0 s"),
        (125, "2 m 05 s"),
        (3599.7, "1 h 00 m"),
        (11520, "3 h 12 m"),
        (352800, "4 d 02 h"),
        (-0.0002, "≈ 0"),
        (-0.037, "≈ 0 (clock skew 37 ms)"),
    ],
)
def test_durations_are_short_and_never_negative(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number_of_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (12_700_000, "12.1 MB"), (2**50, "1024 TB")],
)
def test_sizes_are_short(number_of_bytes: int, text: str) -> None:
    assert size(number_of_bytes) == text


def test_what_could_deceive_the_eye_is_made_visible() -> None:
    assert visible("\x1b[31m\x00\u202egnp\u200b\r\n") == "␛[31m␀⟨U+202E⟩gnp⟨U+200B⟩␍\n"
    assert visible("Ünïcödé ☃ 🐍 日本") == "Ünïcödé ☃ 🐍 日本"
    assert visible("\ud800") == "⟨U+D800⟩"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 3, "33.3 %"),
        (1, 99999, "< 0.1 %"),
        (99998, 99999, "> 99.9 %"),
    ],
)
def test_a_share_is_all_or_nothing_only_when_it_is(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


def test_numbers_ids_and_instants() -> None:
    assert number(1234567) == "1\u202f234\u202f567"
    assert plural(1, "host") == "1 host"
    assert plural(2, "runner is", "runners are") == "2 runners are"
    assert id_tail("01a214a2-ffbc-76a5-8e68-9e3a656b0929") == "…656b0929"
    assert id_tail("short") == "short"
    assert iso(0.5) == "1970-01-01T00:00:00.500Z"
