"""How long each component takes for a small read, and which do not answer in time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pynenc import Pynenc
from pynenc.contracts.monitor_store import BaseMonitorStore
from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.exceptions import StoreError
from pynenc.values.ids import InvocationId

logger = logging.getLogger(__name__)
#: Nobody waits longer for an answer.
LIMIT_SECONDS = 2.0
_NOTHING = "pynmon-probe"


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of one read."""

    #: How long it took, or has taken so far.
    seconds: float
    #: Empty if it was answered.
    problem: str = ""


@dataclass(slots=True)
class _Asked:
    """A read that may not have come back."""

    began: float
    ended: threading.Event = field(default_factory=threading.Event)
    found: Probe = Probe(0.0)


class Probes:
    """The components of one app.

    Args:
        reads: By component: a read that an index or a key answers.
    """

    def __init__(self, reads: Mapping[str, Callable[[], object]]) -> None:
        self._reads = reads
        self._lock = threading.Lock()
        #: What has not come back yet: a component that hangs is not asked once more meanwhile.
        self._asked: dict[str, _Asked] = {}  # guarded by self._lock

    def look(self, names: Collection[str], limit_seconds: float = LIMIT_SECONDS) -> dict[str, Probe]:
        """Ask these components at the same time, and wait for all of them together."""
        asked = {name: self._begin(name) for name in self._reads if name in names}
        until = time.monotonic() + limit_seconds
        found = {}
        for name, one in asked.items():
            if one.ended.wait(max(0.0, until - time.monotonic())):
                found[name] = one.found
            else:
                seconds = time.monotonic() - one.began
                found[name] = Probe(seconds, "has not answered yet")
        return found

    def _begin(self, name: str) -> _Asked:
        with self._lock:
            if (hanging := self._asked.get(name)) is not None:
                return hanging
            one = self._asked[name] = _Asked(time.monotonic())
        threading.Thread(target=self._ask, args=(name, one), name=f"pynmon-probe-{name}", daemon=True).start()
        return one

    def _ask(self, name: str, one: _Asked) -> None:
        problem = ""
        try:
            self._reads[name]()
        except StoreError as error:
            logger.warning("the %s does not answer: %s", name, error)
            problem = "does not answer"
        one.found = Probe(time.monotonic() - one.began, problem)
        with self._lock:
            del self._asked[name]
        one.ended.set()


def probes_of(app: Pynenc, store: BaseMonitorStore) -> Probes:
    """A read of each component; none changes anything.

    Args:
        app: Whose components they are.
        store: What the monitor reads its records from.
    """
    # Where the records are the queue, its head is what a broker would give first.
    is_apart = app.broker.store is not app.orchestrator.store
    key = PayloadKey(InvocationId(_NOTHING), 0, PayloadKind.ARGUMENTS)
    return Probes(
        {
            "orchestrator": store.change_token,
            "broker": app.broker.count if is_apart else store.find_longest_waiting,
            "state_backend": lambda: app.state_backend.get_payloads([key]),
            "client_data_store": lambda: app.client_data_store.get([_NOTHING]),
            "trigger": lambda: app.engine.components.trigger.list_runs(None, 1),
        }
    )
