"""A small shop whose tasks succeed, fail, retry, call each other, and are called with hostile text."""

from __future__ import annotations

import json
import os
import threading

from pynenc import PynencBuilder
from pynenc.context import current_invocation
from pynenc.trigger import on_cron, on_event

settings = json.loads(os.environ["PYNMON_TEST_SETTINGS"])
app = PynencBuilder().app_id("shop").thread_runner(1, 4).custom_config(**settings).build()

#: What somebody could call a task with, to get at whoever looks at it.
HOSTILE = (
    "<script>window.__pwned = 1</script>",
    "\"><img src=x onerror='window.__pwned = 2'>",
    "'onmouseover='window.__pwned=3' x='",
    "</title></textarea></pre><svg onload=window.__pwned=4>",
    "javascript:window.__pwned=5",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "\u202egnp.exe\u202c\x1b[31mred\x00nul\r\nSet-Cookie: a=b",
    "]]><!--<plaintext>",
)

#: Lets ``hold`` go on.
released = threading.Event()


@app.task
def charge(customer_id: int, amount: float) -> dict[str, object]:
    return {"customer": customer_id, "amount": amount, "receipt": f"r-{customer_id}"}


@app.task
def refuse(reason: str) -> None:
    raise ValueError(reason)


class FlakyError(Exception):
    """Goes away when it is tried again."""


@app.task(max_retries=2, retry_for=(FlakyError,))
def flaky(name: str) -> str:
    if current_invocation().attempt < 2:
        raise FlakyError(name)
    return name


@app.task(max_retries=1, retry_for=(FlakyError,), retry_backoff=3600)
def patient(text: str) -> str:
    if current_invocation().attempt < 2:
        raise FlakyError(text)
    return text


@app.task
def echo(text: str) -> str:
    return text


class TheWarehouseDidNotAnswerWithinTheTimeThatWasAgreedUponError(Exception):
    """Has a name that is longer than a telephone is wide."""


@app.task
def reconcile_the_stock_of_every_warehouse_with_what_the_scanners_say_about_it_today(reason: str) -> None:
    raise TheWarehouseDidNotAnswerWithinTheTimeThatWasAgreedUponError(reason)


@app.task
def batch(size: int) -> int:
    group = charge.parallelize([(n, 1.5) for n in range(size)])
    return len(list(group.results))


@app.task
def hold() -> str:
    released.wait(60)
    return "released"


@app.task
def hold_below() -> str:
    return hold().result


#: Whether ``deliver`` has anything to deliver.
stocked = threading.Event()


@app.task
def deliver(article: str) -> str:
    if not stocked.is_set():
        raise ValueError(f"no {article} in stock")
    return f"one {article}"


@app.task
def order(article: str) -> str:
    try:
        return deliver(article).result
    except ValueError:
        return "later"


@app.task
def login(user: str, password: str, options: dict[str, str]) -> str:
    return f"postgres://{user}:{password}@db/shop"


@app.workflow
def nightly(size: int) -> int:
    first = batch(size).result
    return first + batch(2).result


def refusing(payload: dict[str, object]) -> bool:
    raise ValueError(HOSTILE[1])


#: Hostile, too: whoever declares a trigger may name its event.
EVENT = "<script>window.__pwned = 6</script>"


@app.task(triggers=[on_cron("0 0 29 2 *"), on_event(EVENT, refusing)])
def restock() -> None:
    pass
