"""Code that must not type-check. The comment of a line names the error that mypy has to report there."""

from __future__ import annotations

from pynenc import Pynenc, PynencBuilder, Task
from pynenc.invocation import BaseInvocation

app = Pynenc()


@app.task
def add(x: int, y: int = 0) -> int:
    return x + y


@app.task(max_retries=3)
def shout(text: str) -> str:
    return text.upper()


def calls() -> None:
    add("x")  # rejected: arg-type
    add()  # rejected: call-arg
    add(1, 2, 3)  # rejected: call-arg
    add(1, z=2)  # rejected: call-arg
    shout(1)  # rejected: arg-type
    add.func("x")  # rejected: arg-type
    add.args(1, z=2)  # rejected: call-arg


def results() -> None:
    text: str = add(1).result  # rejected: assignment
    texts: list[str] = add.parallelize([(1,)]).get()  # rejected: assignment
    invocation: BaseInvocation[str] = add(1)  # rejected: assignment
    print(text, texts, invocation)
    print(add(1) + 1)  # rejected: operator
    add.parallelize([1, 2])  # rejected: list-item list-item


def tasks() -> None:
    task: Task[[str], int] = add  # rejected: assignment
    print(task)


def builders() -> None:
    PynencBuilder().logging(stream="stdin")  # rejected: arg-type
    PynencBuilder().thread_runner(max_threads="many")  # rejected: arg-type
