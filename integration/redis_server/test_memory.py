"""What is left behind: nothing that retention does not own."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from integration.behaviour.conftest import eventually
from integration.redis_server.conftest import MakeApp
from integration.redis_server.own_server import OwnServer

from pynenc.values.status import InvocationStatus as S

_COUNT = 10_000


def _kinds(server: OwnServer) -> Counter[str]:
    """How many keys there are of each kind: what is specific to one is left out."""
    return Counter(
        re.sub(r"^pynenc:\{[^}]*\}:", "", key).split(":")[1] for key in server.client.scan_iter("*:?:*")
    )


@pytest.mark.timeout(300)
def test_ten_thousand_invocations_and_their_retention_leave_no_key_behind(
    server: OwnServer, make_app: MakeApp
) -> None:
    app = make_app("PersistentProcessRunner", redis_url=server.url)
    assert app.tasks.fib(5).get(60) == 5
    assert app.tasks.add.parallelize([(1,)]).get(60) == [2]
    orchestrator = app.app.orchestrator
    _retain(app)
    before = _kinds(server)
    app.tasks.add.parallelize([(number,) for number in range(_COUNT)])
    assert app.tasks.fib(8).get(120) == 21
    eventually(lambda: orchestrator.count_by_status().keys() == {S.SUCCESS}, 120)
    assert orchestrator.count_by_status()[S.SUCCESS] >= _COUNT
    per_invocation = int(server.client.info("memory")["used_memory_dataset"]) / _COUNT
    assert per_invocation < 3000, f"{per_invocation:g} bytes per finished invocation"
    _retain(app)
    assert _kinds(server) == before


def _retain(app: object) -> None:
    orchestrator = app.app.orchestrator  # type: ignore[attr-defined]
    while ids := orchestrator.find_expired(0.0, 500):
        orchestrator.delete(ids)
