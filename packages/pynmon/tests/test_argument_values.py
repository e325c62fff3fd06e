"""With which values something was called."""

from __future__ import annotations

from pynmon.argument_values import Distribution, distributions


def test_what_calls_have_in_common_is_told_and_what_differs_is_counted() -> None:
    calls = ['country="CH", number=1', 'country="CH", number=2', 'country="DE", number=3']
    assert distributions(calls) == [
        Distribution("country", 3, 2, (('"CH"', 2),)),
        Distribution("number", 3, 3, ()),
    ]
    assert distributions(["number=7"]) == [Distribution("number", 1, 1, (("7", 1),))]


def test_a_value_may_look_like_another_argument() -> None:
    one = 'text="a, b=2", options={"c": [1, 2], "d=": ", e=3"}, b=5'
    assert [(each.name, each.values) for each in distributions([one])] == [
        ("text", (('"a, b=2"', 1),)),
        ("options", (('{"c": [1, 2], "d=": ", e=3"}', 1),)),
        ("b", (("5", 1),)),
    ]


def test_what_is_masked_or_cut_short_is_a_value_like_any_other() -> None:
    cut = 'password=***, text="' + "w" * 55 + ', amount=1.5, reason="some'
    assert [(each.name, each.values[0][0][:6]) for each in distributions([cut])] == [
        ("password", "***"),
        ("text", '"wwwww'),
        ("amount", "1.5"),
        ("reason", '"some'),
    ]


def test_what_is_no_preview_has_no_arguments() -> None:
    assert distributions(["", "nothing", "{{ 7 * 7 }}", "=", ", ="]) == []


def test_few_arguments_and_few_values_are_told() -> None:
    calls = [", ".join(f"a{n}={n * call % 7}" for n in range(20)) for call in range(100)]
    found = distributions(calls)
    assert len(found) == 8
    assert max(len(one.values) for one in found) == 3
    assert found[1].different == 7
