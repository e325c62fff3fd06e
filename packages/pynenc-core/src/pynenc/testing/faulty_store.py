"""Real components of any backend that fail at a chosen call: die, raise or hang.

::

    app = Pynenc(with_faults({"orchestrator_cls": "SQLiteOrchestrator", ...}))

behaves like the app without ``with_faults``, until the environment says ``PYNENC_FAULT=7:error_after`` (which
child processes inherit), or ``inject(app, Faults(Fault(7, FaultMode.ERROR_AFTER)))`` was called.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast

from pynenc.app import Pynenc
from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.contracts import (
    BaseBroker,
    BaseClientDataStore,
    BaseComponent,
    BaseOrchestrator,
    BaseStateBackend,
    BaseTrigger,
)
from pynenc.exceptions import CommitUnknownError, ConfigError, StoreUnavailableError
from pynenc.plugins import REGISTRY

T = TypeVar("T")

#: The environment variable with the fault of a process.
FAULT_VARIABLE = "PYNENC_FAULT"

#: Name of a component → its contract; the setting with its class has the name and ``_cls``.
_CONTRACTS: Mapping[str, type[BaseComponent]] = {
    "orchestrator": BaseOrchestrator,
    "broker": BaseBroker,
    "state_backend": BaseStateBackend,
    "client_data_store": BaseClientDataStore,
    "trigger": BaseTrigger,
}


class FaultMode(StrEnum):
    """What happens at the chosen call."""

    #: The process is killed; the call is not carried out.
    KILL_BEFORE = "kill_before"
    #: The call is carried out, then the process is killed.
    KILL_AFTER = "kill_after"
    #: StoreUnavailableError; the call is not carried out.
    ERROR_BEFORE = "error_before"
    #: The call is carried out, then its answer is lost: CommitUnknownError.
    ERROR_AFTER = "error_after"
    #: The call is carried out when ``Faults.resume`` is called; until then its thread hangs.
    HANG = "hang"


@dataclass(frozen=True, slots=True)
class Fault:
    """One call that fails, once."""

    #: Which call, from 1.
    at: int
    mode: FaultMode
    #: Count only the calls of this operation, for example ``orchestrator.advance``; empty: of all.
    operation: str = ""

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``at:mode`` or ``operation:at:mode``.

        Raises:
            ValueError: it is of another form.
        """
        operation, _, rest = text.rpartition(":")[0].rpartition(":")
        try:
            return cls(int(rest), FaultMode(text.rpartition(":")[2]), operation)
        except ValueError as error:
            modes = ", ".join(FaultMode)
            raise ValueError(f"fault {text!r} is not of the form [operation:]call:mode ({modes})") from error

    def __str__(self) -> str:
        return ":".join(part for part in (self.operation, str(self.at), self.mode) if part)


class Faults:
    """Numbers the calls of components, and lets one of them fail. May be used from several threads."""

    def __init__(self, fault: Fault | None = None) -> None:
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._resumed = threading.Event()
        #: Set once the fault happened.
        self.happened = threading.Event()
        #: What was called since ``arm``, as ``component.method``, in order.
        self.calls: list[str] = []  # guarded by self._lock
        self._fault = fault  # guarded by self._lock
        self._countdown = fault.at if fault else 0  # guarded by self._lock

    @classmethod
    def from_environment(cls) -> Faults:
        """The fault that the environment names, if any.

        Raises:
            ValueError: the variable is set to something else.
        """
        text = os.environ.get(FAULT_VARIABLE)
        return cls(Fault.parse(text) if text else None)

    def arm(self, fault: Fault | None) -> None:
        """Forget what was, and count from here to another fault."""
        with self._lock:
            self.calls = []
            self._fault, self._countdown = fault, fault.at if fault else 0
        self.happened.clear()
        self._resumed.clear()

    def resume(self) -> None:
        """Let the call that hangs go on."""
        self._resumed.set()

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Calls of this thread inside of the block are neither numbered nor failed."""
        depth = getattr(self._thread, "depth", 0)
        self._thread.depth = depth + 1
        try:
            yield
        finally:
            self._thread.depth = depth

    def carry_out(self, operation: str, call: Callable[[], T]) -> T:
        """Carry out a call of a component, unless it is the one that fails.

        What a component calls of itself belongs to the call from outside and is not numbered.
        """
        if getattr(self._thread, "depth", 0):
            return call()
        mode = self._next(operation)
        if mode is not None:
            self.happened.set()
        if mode is FaultMode.KILL_BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        if mode is FaultMode.ERROR_BEFORE:
            raise StoreUnavailableError(f"injected before {operation}: it was not carried out")
        if mode is FaultMode.HANG:
            self._resumed.wait()
        with self.uncounted():
            answer = call()
        if mode is FaultMode.KILL_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        if mode is FaultMode.ERROR_AFTER:
            raise CommitUnknownError(f"injected after {operation}: it was carried out, its answer is lost")
        return answer

    def _next(self, operation: str) -> FaultMode | None:
        with self._lock:
            self.calls.append(operation)
            fault = self._fault
            if fault is None or fault.operation not in ("", operation):
                return None
            self._countdown -= 1
            return fault.mode if self._countdown == 0 else None


#: What the environment asks of this process.
_OF_PROCESS = Faults.from_environment()


@functools.cache
def faulty(component: type[Any]) -> type[Any]:
    """A subclass of a component class whose calls can fail.

    Settings can name it ``pynenc.testing.faulty_store.Faulty<name>``, where the settings can name the class itself.
    Objects obey their attribute ``faults``: at first, what the environment asks of the process.
    """
    name, contract = next(pair for pair in _CONTRACTS.items() if issubclass(component, pair[1]))
    operations = contract.__abstractmethods__ - BaseComponent.__abstractmethods__
    members: dict[str, Any] = {
        operation: _counted(f"{name}.{operation}", getattr(component, operation)) for operation in operations
    }
    if issubclass(component, BaseOrchestrator):
        # Both fail as a whole, where `submit` does.
        members["append"] = BaseOrchestrator.append
        members["begin_submit"] = BaseOrchestrator.begin_submit
        members["prepare_claim"] = BaseOrchestrator.prepare_claim  # leaves it to `advance`
        members["wait_and_claim"] = _claimed(f"{name}.wait_and_claim", component.wait_and_claim)
    if issubclass(component, BaseBroker):
        members["prepare_push"] = BaseBroker.prepare_push  # fails where `push` does
        members["wait_and_take"] = BaseBroker.wait_and_take  # fails where `receive` does
    members |= {"faults": _OF_PROCESS, "__module__": __name__, "__doc__": component.__doc__}
    made: type[Any] = types.new_class(
        f"Faulty{component.__name__}", (component,), exec_body=lambda body: body.update(members)
    )
    return made


def with_faults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the same app, with components whose calls can fail.

    Raises:
        ConfigError: the settings name a class that does not exist.
    """
    config_cls: type[ConfigBase] = ConfigPynenc
    conf = config_cls(dict(settings))
    classes = {}
    for name, contract in _CONTRACTS.items():
        component = REGISTRY.resolve(contract, getattr(conf, f"{name}_cls"))
        classes[f"{name}_cls"] = f"{__name__}.{faulty(component).__name__}"
    return {**settings, **classes}


def inject(app: Pynenc, faults: Faults) -> None:
    """Have an app that was made ``with_faults`` obey ``faults`` from now on."""
    components = app.engine.components
    for name in _CONTRACTS:
        cast("Any", getattr(components, name)).faults = faults


def __getattr__(name: str) -> type[Any]:
    """``Faulty<component class>``, so that a dotted path leads to it in every process."""
    for contract in _CONTRACTS.values() if name.startswith("Faulty") else ():
        with contextlib.suppress(ConfigError):
            return faulty(REGISTRY.resolve(contract, name.removeprefix("Faulty")))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _claimed(operation: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Counts what claimed, not what waited only: how often somebody looks in vain is a matter of time.

    So whatever fails it fails after it, and nobody who asked can know that.
    """

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        faults: Faults = self.faults
        with faults.uncounted():
            answer = method(self, *args, **kwargs)
        if answer is None:
            return None
        try:
            return faults.carry_out(operation, lambda: answer)
        except StoreUnavailableError as error:
            raise CommitUnknownError(str(error)) from error

    return call


def _counted(operation: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        faults: Faults = self.faults
        return faults.carry_out(operation, lambda: method(self, *args, **kwargs))

    return call
