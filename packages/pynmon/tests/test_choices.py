from __future__ import annotations

from pynmon.presentation.choices import CHOICES, Choices, choices_of


def test_what_nobody_offers_is_not_chosen() -> None:
    assert choices_of({}) == Choices("", "", "", "")
    chosen = {"pynmon-theme": "dark", "pynmon-rows": "comfortable", "pynmon-every": "30", "pynmon-keys": "no"}
    assert choices_of({**chosen, "other": "x"}) == Choices("dark", "comfortable", "30", "no")
    assert choices_of(dict.fromkeys(CHOICES, '"><script>')) == Choices("", "", "", "")
