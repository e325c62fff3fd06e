"""One attempt of a workflow: each operation is done and recorded once, and replayed in every later attempt.

Operations are numbered in the order in which the code asks for them. What an earlier attempt recorded at a
position is given again; behind the last recorded position they are carried out.
"""

from __future__ import annotations

import inspect
import logging
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from pynenc.engine import transitions
from pynenc.engine.patience import PASSING
from pynenc.engine.workflow_comparison import divergence, place_of_caller
from pynenc.engine.workflow_journal import Journal, Recorded, call_name, fields_of_call, final_states
from pynenc.exceptions import (
    CorruptDataError,
    NonDeterminismError,
    OwnershipLostError,
    StoreError,
    WorkflowError,
    WorkflowLimitError,
    WorkflowNotFoundError,
)
from pynenc.values.clock import to_datetime
from pynenc.values.ids import InvocationId, child_id
from pynenc.values.operations import Move
from pynenc.values.records import InvocationState
from pynenc.values.workflows import RecordedOperation, WorkflowMessage

logger = logging.getLogger(__name__)

T = TypeVar("T")


class WorkflowUnwound(BaseException):
    """Ends the body of a workflow that sleeps or waits. It is no error: let it pass.

    Not an ``Exception``, so that ``except Exception`` does not stop it; ``finally`` blocks run.
    """


class EndOfRecordError(BaseException):
    """Ends a body that is only checked: it asked for something that is not recorded yet."""


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call with its position among the operations."""

    seq: int
    #: Of the invocation that the call has had already, or that it is to have.
    invocation_id: InvocationId
    #: Whether it was registered by an earlier attempt.
    known: bool


class WorkflowReplay:
    """What the operations of one attempt stand for. Used by one thread.

    Args:
        journal: The record of the workflow.
        max_operations: Upper bound of their number.
        now: Seconds since 1970 for the workflow's code.
    """

    def __init__(self, journal: Journal, max_operations: int, now: Callable[[], float]) -> None:
        self.journal = journal
        self._max_operations = max_operations
        self._now = now
        self._thread = threading.get_ident()
        self._recorded: dict[int, Recorded] | None = None
        self._states: dict[InvocationId, InvocationState] = {}
        self._last = 0
        self._seq = 0
        #: The step that runs, whose code may not use the workflow.
        self._step = ""
        #: To be written together with the next operation.
        self.unwritten: tuple[RecordedOperation, ...] = ()
        #: How many messages of each name were received.
        self.received: dict[str, int] = {}
        self._patches: dict[str, bool] = {}
        self._compensations: list[tuple[str, Callable[[], object]]] = []
        #: How the attempt ends when it sleeps or waits.
        self.pause: Move | None = None
        self._failure: WorkflowError | None = None

    # -- the body -------------------------------------------------------------------------------------

    def run(self, body: Callable[[], T], ends: Callable[[BaseException], bool]) -> T:
        """Run the body to its end.

        Args:
            body: The function of the workflow with its arguments.
            ends: Whether an exception that the body raised ends the workflow, so that it is compensated.

        Raises:
            WorkflowUnwound: it sleeps or waits; ``pause`` is the move that ends the attempt.
            NonDeterminismError: it did something else than what was recorded, even if it caught that.
        """
        try:
            value = body()
        except WorkflowUnwound:
            raise
        except BaseException as error:
            self._raise_what_counts(error)
            if ends(error):
                self._compensate(error)
            raise
        self._raise_what_counts(None)
        self._expect_end()
        return value

    def raise_failure(self) -> None:
        """Raise that the code does something else than what was recorded, if it does."""
        if self._failure is not None:
            raise self._failure

    @property
    def position(self) -> int:
        """How many operations the code has asked for."""
        return self._seq

    def _raise_what_counts(self, error: BaseException | None) -> None:
        """The code may have caught what must not be caught, or raised something else on its way out."""
        if self._failure is not None and error is not self._failure:
            raise self._failure from error
        if self.pause is not None:
            raise WorkflowUnwound

    def _expect_end(self) -> None:
        if self._load() and self._seq < self._last:
            left = next(seq for seq in sorted(self._load()) if seq > self._seq)
            self._diverge(left, "the end of the code")

    def _compensate(self, error: BaseException) -> None:
        """Undo in reverse order; each compensation is an operation like others."""
        for name, compensation in reversed(self._compensations):
            logger.info("compensates with %s after %s", name, type(error).__name__)
            try:
                compensation()
            except (*PASSING, OwnershipLostError, NonDeterminismError):
                raise
            except Exception:  # boundary: the others have to be tried as well
                logger.exception("compensation %s failed; the others go on", name)

    # -- operations -----------------------------------------------------------------------------------

    def random(self) -> float:
        """A number of at least 0 and less than 1."""
        return float(self._value("random", random.random))

    def uuid(self) -> str:
        """The text of a UUID."""
        return str(self._value("uuid", lambda: str(uuid.uuid4())))

    def utc_now(self) -> datetime:
        """The time of the first execution."""
        return to_datetime(float(self._value("utc_now", self._now)))

    def step(self, function: Callable[..., T], args: Sequence[Any], kwargs: dict[str, Any]) -> T:
        """Call a function, and record what it returned or raised."""
        name = f"step {_name_of(function)}"
        seq, found = self.next(name)
        if found is not None:
            return self._outcome_of(found)  # type: ignore[no-any-return]
        with self.inside(name):
            try:
                value = function(*args, **kwargs)
            except (StoreError, OwnershipLostError):
                raise
            except Exception as error:  # boundary: the user's function
                outcome = self.journal.codec.payloads.encode_exception(error, self.journal.workflow_id)
                self.write(seq, name, {"e": outcome.data})
                raise
        text = self.journal.codec.dump(value, f"result of {name}, operation {seq} of the workflow")
        self.write(seq, name, {"v": text})
        return value

    def sleep(self, seconds: float) -> None:
        """Pause for a time, without a worker."""
        seq, found = self.next("sleep")
        if found is None:
            # Recorded and entered in one write: where it is recorded, it is over.
            self.unwind((self.operation(seq, "sleep", {"s": seconds}),), seconds)

    def send(self, workflow_id: str, name: str, value: Any) -> None:
        """Send a message to another workflow, once."""
        what = f"send {name}"
        seq, found = self.next(what)
        if found is None:
            data = self.journal.codec.dump(value, f"message '{name}'")
            own = self.journal.workflow_id
            message = WorkflowMessage(
                workflow_id=workflow_id, message_id=f"{own}.{seq}", name=name, data=data
            )
            delivered = self._on_record(lambda: self.journal.deliver(message))
            self.write(seq, what, {"d": delivered})
        else:
            delivered = bool(self.fields(found).get("d"))
        if not delivered:
            raise nobody_to_tell(workflow_id, name)

    def patched(self, name: str) -> bool:
        """Whether this workflow came here first with the code that has the patch."""
        what = f"patched {name}"
        if name in self._patches:
            return self._patches[name]
        self._check(what)
        following = self._load().get(self._seq + 1)
        if following is not None and following.name == what:
            self.next(what)
            known = True
        else:
            known = self._seq >= self._last
            if known:
                seq, _ = self.next(what)
                self.write(seq, what, {})
        self._patches[name] = known
        return known

    def on_failure(self, name: str, compensation: Callable[[], object]) -> None:
        """Have something done if the workflow fails."""
        self._check("on_failure")
        self._compensations.append((name, compensation))

    # -- calls of tasks -------------------------------------------------------------------------------

    def place(self, task_key: str, args_id: str) -> PlacedCall:
        """Give a call its position."""
        seq, found = self.next(call_name(task_key))
        if found is None or found.child_id is None:
            self.require_live()
            return PlacedCall(seq, child_id(self.journal.workflow_id, seq), known=False)
        if found.args_id != args_id:
            self._diverge(seq, f"{call_name(task_key)} with other arguments")
        return PlacedCall(seq, found.child_id, known=True)

    def note_reuse(self, call: PlacedCall, task_key: str, args_id: str, existing: InvocationId) -> None:
        """Record that registration concurrency gave an existing invocation for a call."""
        child = Recorded(call.seq, call_name(task_key), None, existing, args_id)
        self.write(call.seq, child.name, fields_of_call(child))

    def known_states(
        self, ids: Sequence[InvocationId], enough: int
    ) -> dict[InvocationId, InvocationState] | None:
        """Those of the children that were final when the attempt began, if these are enough."""
        found = {one: self._states[one] for one in ids if one in self._states}
        if len(found) >= enough:
            return found
        self.require_live()
        return None

    # -- the position ---------------------------------------------------------------------------------

    def next(self, name: str) -> tuple[int, Recorded | None]:
        """The next position, and what is recorded there."""
        self._check(name)
        recorded = self._load()
        if self._seq >= self._max_operations:
            raise self._fail(
                WorkflowLimitError(
                    f"workflow '{self.journal.workflow_id}' has {self._seq} operations, and each attempt replays all "
                    "of them: split it into sub-workflows, or raise max_workflow_operations"
                )
            )
        self._seq += 1
        found = recorded.get(self._seq)
        if found is not None and found.name != name:
            self._diverge(self._seq, name)
        return self._seq, found

    def _load(self) -> dict[int, Recorded]:
        if self._recorded is None:
            self._recorded = self.journal.load()
            self._last = max(self._recorded, default=0)
            self._states = dict(final_states(self._recorded.values()))
        return self._recorded

    def _check(self, name: str) -> None:
        """Refuse what could not be replayed."""
        if self.pause is not None:
            raise WorkflowUnwound
        if self._failure is not None:
            raise self._failure
        if threading.get_ident() != self._thread:
            raise WorkflowError(
                f"'{name}' came from another thread than the body of workflow '{self.journal.workflow_id}': the order "
                "of operations of several threads differs from attempt to attempt. Call tasks for what is to happen "
                "at the same time"
            )
        if self._step:
            raise WorkflowError(
                f"'{name}' was asked for inside of '{self._step}': the code of a step runs once, so its operations "
                "would be missing in the next attempt. Do it in the body, and pass the value to the step"
            )

    def _diverge(self, seq: int, requested: str) -> NoReturn:
        raise self._fail(divergence(self.journal, self._load(), seq, requested))

    def _fail(self, failure: WorkflowError) -> WorkflowError:
        self._failure = failure
        return failure

    # -- reading and writing --------------------------------------------------------------------------

    def _value(self, name: str, make: Callable[[], Any]) -> Any:
        seq, found = self.next(name)
        if found is not None:
            return self._outcome_of(found)
        value = make()
        self.write(seq, name, {"v": self.journal.codec.dump(value, name)})
        return value

    def _outcome_of(self, found: Recorded) -> Any:
        fields, place = self.fields(found), f"{found.seq} {found.name}"
        codec, owner = self.journal.codec, self.journal.workflow_id
        if fields.get("e") is not None:
            raise codec.payloads.decode_exception(fields["e"], owner)
        if "v" not in fields:
            raise CorruptDataError(f"what workflow '{owner}' stored as '{place}' is unreadable")
        return codec.load(owner, place, fields["v"])

    def fields(self, found: Recorded) -> dict[str, Any]:
        """What was stored of an operation."""
        return self.journal.fields(found.stored) if found.stored is not None else {}

    def operation(self, seq: int, name: str, fields: dict[str, Any]) -> RecordedOperation:
        """An operation to record, with the line of code that asked for it."""
        return self.journal.operation(seq, name, {**fields, "at": place_of_caller()})

    def write(self, seq: int, name: str, fields: dict[str, Any]) -> None:
        """Record what came of an operation: one write."""
        operations = (*self.unwritten, self.operation(seq, name, fields))
        self.unwritten = ()
        self._on_record(lambda: self.journal.write(*operations))

    def _on_record(self, write: Callable[[], T]) -> T:
        self.require_live()
        return write()

    def require_live(self) -> None:
        """End the body here if nothing may be carried out."""
        if self.journal.read_only:
            raise EndOfRecordError

    @contextmanager
    def inside(self, step: str) -> Iterator[None]:
        """Code that may not use the workflow, because it does not run in each attempt."""
        self.require_live()
        self._step = step
        try:
            yield
        finally:
            self._step = ""

    def unwind(
        self,
        operations: Sequence[RecordedOperation],
        delay: float | None,
        awaits: str | None = None,
        received: int = 0,
    ) -> NoReturn:
        """End the attempt with a pause that is recorded in the same write."""
        self.require_live()
        self.pause = transitions.release(self.journal.claim, operations, delay, awaits, received)
        raise WorkflowUnwound


def nobody_to_tell(workflow_id: str, name: str) -> WorkflowNotFoundError:
    """The error for a message that reaches nobody."""
    return WorkflowNotFoundError(
        f"message '{name}' reaches nobody: there is no workflow '{workflow_id}' that is not final"
    )


def _name_of(function: Callable[..., Any]) -> str:
    if not callable(function):
        raise WorkflowError(f"run_step takes a function and its arguments, not {type(function).__name__}")
    if inspect.iscoroutinefunction(function):
        raise WorkflowError(
            f"step '{function.__qualname__}' is an async def, which a workflow's thread cannot await: make it a task"
        )
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', '')}.{name}"
