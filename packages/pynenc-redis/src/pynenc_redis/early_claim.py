"""Claims that are ready before anybody knows of what: the thread that hears of it only sends them."""

from __future__ import annotations

from collections.abc import Callable

from pynenc.values.ids import InvocationId
from pynenc.values.operations import ClaimRequest, Step, StepAnswer
from pynenc_redis.codec.steps import from_step, to_step
from pynenc_redis.scripts import Script
from pynenc_redis.store import RedisStore

#: Stands for the invocation. No id is like it.
_SOME = InvocationId("\0")


def prepare_claim(
    store: RedisStore, advance: Script, claim: ClaimRequest
) -> Callable[[InvocationId], Callable[[], StepAnswer] | None] | None:
    """See the contract of orchestrators; None for claims that are not put into words of which one is the id."""
    step = Step(claim=claim.naming((_SOME,)))
    named, *others = to_step(step)
    if named != f"+{_SOME}":
        return None

    def send(invocation_id: InvocationId) -> Callable[[], StepAnswer] | None:
        answer = store.begin_at_once(advance, f"+{invocation_id}", *others)
        return None if answer is None else lambda: from_step(step, answer())

    return send
