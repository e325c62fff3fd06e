from __future__ import annotations

import pytest

from pynmon.presentation.instants import Instants

#: A Friday in November.
AT = 1_795_749_472.25


def test_an_instant_is_of_the_zone_that_was_chosen() -> None:
    utc, there, ages = (Instants(choice, AT + 60) for choice in ("", "Asia/Kolkata", "relative"))
    assert [one.exact(AT) for one in (utc, there)] == [
        "2026-11-27T03:17:52.250Z",
        "2026-11-27T08:47:52.250+05:30",
    ]
    assert [one.clock(AT) + one.zone_at(AT) for one in (utc, there)] == ["03:17:52 UTC", "08:47:52 IST"]
    assert [one.seen() for one in (utc, there, ages)] == ["03:18:52 UTC", "08:48:52 IST", "03:18:52 UTC"]
    assert {ages.exact(AT), ages.clock(AT), ages.moment(AT), ages.zone_at(AT)} == {"1 m 00 s ago", ""}
    assert [one.zone for one in (utc, there, ages)] == ["UTC", "Asia/Kolkata", "UTC"]


def test_the_day_is_said_where_it_is_another_one_there() -> None:
    utc, there = Instants("", AT), Instants("America/New_York", AT)
    assert utc.moment(AT - 60) == "03:16:52"
    assert utc.moment(AT - 86_400) == "Thu 26 Nov 03:17:52"
    # Four hours ago it was another day in UTC, and the same one in New York.
    assert there.moment(AT - 4 * 3600) == "18:17:52"
    assert utc.moment(AT - 4 * 3600, AT - 5 * 3600) == "23:17:52"


def test_a_zone_is_named_as_it_was_at_that_instant() -> None:
    there = Instants("Europe/Madrid", AT)
    summer = AT - 120 * 86_400
    assert (there.zone_at(AT), there.zone_at(summer)) == (" CET", " CEST")
    assert there.exact(summer).endswith("+02:00")


def test_marks_of_an_axis_are_as_exact_as_it_is_long() -> None:
    utc, ages = Instants("", AT), Instants("relative", AT)
    assert [utc.tick(AT, seconds) for seconds in (5, 60, 7 * 86_400)] == [
        "03:17:52.250",
        "03:17:52",
        "Fri 27 Nov",
    ]
    assert [ages.tick(AT + by, 600) for by in (-60, 0, 60)] == ["\N{MINUS SIGN}1 m 00 s", "now", "+1 m 00 s"]


def test_round_instants_are_round_where_the_reader_is() -> None:
    assert Instants("", AT).origin == 0.0
    assert Instants("Asia/Kolkata", AT).origin == -19_800.0
    assert Instants("relative", AT).origin == AT


@pytest.mark.parametrize(
    "name",
    [
        "UTC",
        "Europe",
        "../../etc/passwd",
        "/etc/passwd",
        "\x00",
        "nowhere",
        "<script>",
        "a" * 5000,
        "tzdata.zi",
    ],
)
def test_what_is_no_time_zone_is_utc(name: str) -> None:
    instants = Instants(name, AT)
    assert (instants.zone, instants.exact(AT)) == ("UTC", "2026-11-27T03:17:52.250Z")
