"""Exceptions come back as themselves where their class is loaded, and never fail to be written."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import json
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import pytest

import pynenc.exceptions
from pynenc.exceptions import PynencError, RemoteError, TaskError
from pynenc.serializer.exceptions_codec import MAX_MESSAGE, MAX_TRACEBACK, decode_exception, encode_exception
from pynenc.values.ids import TaskId
from pynenc.values.status import InvocationStatus


def back(error: BaseException) -> Exception:
    text = encode_exception(error)
    assert text.isascii()
    return decode_exception(text)


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


class ShopError(Exception):
    def __init__(self, order: int, *, code: str) -> None:
        super().__init__(f"order {order} failed")
        self.order = order
        self.code = code
        self.when = {1, 2}
        self.connection = object()

    def __str__(self) -> str:
        return f"{self.order}/{self.code}"

    class NestedError(ValueError):
        pass


class SlotError(Exception):
    __slots__ = ("x",)


@dataclass(slots=True)
class QuotaError(Exception):
    user: str
    left: int | None = None


class FileTroubleError(FileNotFoundError):
    def __init__(self, path: str) -> None:
        super().__init__(2, "gone", path)


def test_a_users_exception_comes_back_as_itself() -> None:
    error = raised(ShopError(7, code="E1"))
    found = back(error)
    assert type(found) is ShopError
    assert (found.args, str(found)) == (("order 7 failed",), "7/E1")
    assert vars(found) == {"order": 7, "code": "E1", "when": {1, 2}}  # the connection is no data


def test_the_remote_traceback_is_the_cause() -> None:
    found = back(raised(ShopError(7, code="E1")))
    assert "in raised\n    raise error" in str(found.__cause__)
    assert "in raised\n    raise error" in "".join(traceback.format_exception(found))


def test_attributes_in_slots_come_back() -> None:
    found = back(raised(QuotaError("ann")))
    assert type(found) is QuotaError
    assert (found.user, found.left) == ("ann", None)


def test_causes_are_in_the_traceback() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise ValueError("second") from first
    except ValueError as error:
        found = back(error)
    assert "KeyError: 'first'" in str(found.__cause__)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a", 1, (2, {3}), b"x"),
        KeyError("k"),
        KeyError(("a", 1)),
        ZeroDivisionError(),
        ShopError.NestedError("x"),
        FileNotFoundError(2, "No such file", "/a/b"),
        OSError("just text"),
        OSError(5, "io", "a", None, "b"),
        FileTroubleError("/x"),
        ImportError("m", name="n", path="p"),
        AttributeError("m", name="n", obj=object()),
        NameError("m", name="n"),
        SyntaxError("bad", ("file.py", 1, 2, "text", 1, 3)),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "why"),
        UnicodeEncodeError("ascii", "é", 0, 1, "why"),
        StopIteration(5),
        TimeoutError("t"),
        asyncio.CancelledError.__mro__[1] and TimeoutError("x"),
        json.JSONDecodeError("msg", "doc", 1),
        ExceptionGroup("g", [ValueError(1), ExceptionGroup("h", [KeyError("k")])]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_text_arguments_and_attributes_are_kept(error: Exception) -> None:
    found = back(error)
    assert type(found) is type(error)
    assert str(found) == str(error)
    if not isinstance(error, ExceptionGroup):
        assert found.args == error.args
    for name in ("errno", "filename", "filename2", "name", "lineno", "value", "start", "reason", "pos"):
        assert getattr(found, name, None) == getattr(error, name, None)


def test_notes_are_kept() -> None:
    error = ValueError("x")
    error.add_note("while counting")
    assert back(error).__notes__ == ["while counting"]


def test_every_exception_of_python_comes_back() -> None:
    for cls in vars(builtins).values():
        if isinstance(cls, type) and issubclass(cls, Exception):
            try:
                error = cls("x")
            except TypeError:
                continue
            found = back(error)
            assert type(found) is cls
            assert str(found) == str(error)


def test_every_exception_of_pynenc_comes_back() -> None:
    checked = 0
    for cls in vars(pynenc.exceptions).values():
        if isinstance(cls, type) and issubclass(cls, PynencError):
            count = len(inspect.signature(cls).parameters) if inspect.isfunction(cls.__init__) else 1
            error = cls(*["a.b", "text", ("c",)][: max(count, 1)])
            found = back(error)
            assert (type(found), str(found), vars(found)) == (cls, str(error), vars(error))
            checked += 1
    assert checked > 30
    error = pynenc.exceptions.InvocationStatusTransitionError(
        InvocationStatus.RUNNING, InvocationStatus.PENDING
    )
    assert str(back(error)) == str(error)
    assert back(TaskError(TaskId("a.b", "c"), "m")).task_id == TaskId("a.b", "c")


def test_a_class_that_is_not_loaded_becomes_a_remote_error(monkeypatch: pytest.MonkeyPatch) -> None:
    text = encode_exception(raised(ShopError(7, code="E1")))
    monkeypatch.delitem(sys.modules, __name__)
    found = decode_exception(text)
    assert type(found) is RemoteError
    assert found.type_name == f"{__name__}.ShopError"
    assert found.message == "7/E1"
    assert "raise error" in found.traceback
    assert "raise error" in str(found.__cause__)


def test_what_is_no_exception_subclass_becomes_a_remote_error() -> None:
    for error in (SystemExit(3), KeyboardInterrupt(), BaseExceptionGroup("g", [SystemExit()])):
        found = back(error)
        assert type(found) is RemoteError
        assert found.type_name == f"builtins.{type(error).__name__}"

    class LocalError(Exception):
        pass

    assert type(back(LocalError("x"))) is RemoteError


def test_an_exception_of_the_main_script(monkeypatch: pytest.MonkeyPatch) -> None:
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", None)
    monkeypatch.setattr(main, "__file__", "/x/tasks_of_mine.py", raising=False)
    cls = type("MineError", (Exception,), {"__module__": "tasks_of_mine"})
    monkeypatch.setattr(main, "MineError", cls, raising=False)
    assert type(back(cls("x"))) is cls  # raised by a worker, read by the script
    monkeypatch.setattr(cls, "__module__", "__main__")
    assert type(back(cls("x"))) is cls


# -- exceptions that break the rules --------------------------------------------------------------------


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__

    def to_json(self) -> Any:
        raise RuntimeError("no json")

    from_json = to_json


class BrokenStrError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class StrIsNotTextError(Exception):
    def __str__(self) -> Any:
        return 5  # noqa: PLE0307 - that is the point


class HostileError(Exception):
    @property
    def args(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no args")

    @property
    def __dict__(self) -> Any:
        raise RuntimeError("no dict")

    @property
    def __traceback__(self) -> Any:
        raise RuntimeError("no traceback")

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("nothing")


class Meta(type):
    @property
    def __module__(cls) -> Any:
        raise RuntimeError("no module")

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError("nothing")


class MetaError(Exception, metaclass=Meta):
    pass


def cyclic() -> Exception:
    error = ValueError("x")
    error.args = (error,)
    error.__cause__ = error
    return error


def deep_arguments() -> Exception:
    value: Any = []
    for _ in range(10_000):
        value = [value]
    return ValueError(value)


def endless() -> Exception:
    def recurse() -> None:
        recurse()

    try:
        recurse()
    except RecursionError as error:
        return error
    raise AssertionError


HOSTILE = [
    lambda: ValueError(Hostile(), object(), lambda: 0),
    lambda: BrokenStrError("x"),
    lambda: StrIsNotTextError("x"),
    lambda: HostileError("x"),
    lambda: MetaError("x"),
    lambda: SlotError("x"),
    lambda: ValueError("\ud800\x00"),
    lambda: ValueError(*range(10_000)),
    cyclic,
    deep_arguments,
    endless,
]


@pytest.mark.parametrize("make", HOSTILE)
def test_writing_never_fails(make: Any) -> None:
    error = raised(make())
    found = back(error)
    assert isinstance(found, Exception)
    assert encode_exception(error).count("") < 1_000_000


def test_arguments_that_are_no_data_become_text() -> None:
    found = back(ValueError("a", object))
    assert found.args == ("a", "<class 'object'>")


def test_sizes_are_limited() -> None:
    error: Exception = ValueError("x" * 1_000_000)
    for number in range(300):
        error_above = ValueError(f"{number} " + "y" * 1_000)
        error_above.__cause__ = error
        error = error_above
    error.big = "z" * 1_000_000  # type: ignore[attr-defined]
    data = json.loads(encode_exception(raised(error)))
    assert len(data["traceback"]) <= MAX_TRACEBACK
    assert data["traceback"].endswith("y\n")  # the end says what happened
    data = json.loads(encode_exception(ValueError("x" * 1_000_000)))
    assert len(data["message"]) <= MAX_MESSAGE
    assert len(encode_exception(ValueError("x" * 1_000_000))) < 200_000
