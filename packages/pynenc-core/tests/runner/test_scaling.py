from __future__ import annotations

import pytest

from pynenc.runner.scaling import Load, wanted_workers


def load(**changes: int) -> Load:
    values = {
        "workers": 2,
        "starting": 0,
        "idle_for_long": 0,
        "busy_slots": 4,
        "slots_per_worker": 2,
        "backlog": 0,
        **changes,
    }
    return Load(**values)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, 2),
        ({"backlog": 1}, 3),
        ({"backlog": 2}, 3),
        ({"backlog": 3}, 4),
        ({"backlog": 1000}, 5),
        # A free slot says that what is available is not for these workers, or not yet.
        ({"backlog": 1000, "busy_slots": 3}, 2),
        # Those that start will take their share.
        ({"backlog": 2, "workers": 3, "starting": 1}, 3),
        ({"backlog": 3, "workers": 3, "starting": 1}, 4),
        ({"workers": 0, "busy_slots": 0}, 1),
        ({"workers": 4, "busy_slots": 2, "idle_for_long": 2}, 2),
        ({"workers": 4, "busy_slots": 0, "idle_for_long": 4}, 1),
    ],
)
def test_wanted_workers(changes: dict[str, int], wanted: int) -> None:
    assert wanted_workers(load(**changes), minimum=1, maximum=5) == wanted
