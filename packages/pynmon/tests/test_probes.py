from __future__ import annotations

import threading

from pynenc.exceptions import StoreError
from pynmon.probes import Probes


def test_one_that_hangs_keeps_nobody_waiting_and_is_not_asked_twice() -> None:
    goes_on, asked = threading.Event(), []

    def hang() -> None:
        asked.append("hangs")
        goes_on.wait(30)

    def fail() -> None:
        raise StoreError("postgres://user:secret@host is away")

    probes = Probes({"hangs": hang, "fails": fail, "works": lambda: None, "other": lambda: None})
    for _ in range(2):
        found = probes.look(["works", "fails", "hangs"], 0.2)
        assert (found["works"].problem, found["fails"].problem) == ("", "does not answer")
        assert found["hangs"].problem == "has not answered yet"
        assert "other" not in found
    assert asked == ["hangs"]
    assert found["hangs"].seconds >= 0.2
    goes_on.set()
    # It answers, and is asked anew from then on.
    assert probes.look(["hangs"], 30.0)["hangs"].problem == ""
