"""New calls: payload, registration concurrency, commit, queue; a single call is a batch of one."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, TypedDict

from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine.argument_text import logged_arguments, preview_of
from pynenc.engine.components import Components
from pynenc.engine.concurrency import concurrency_key
from pynenc.engine.current import ActiveInvocation, get_active
from pynenc.engine.hints import push_hints
from pynenc.engine.payloads import Payloads, SerializedArguments
from pynenc.engine.registry import TaskDefinition
from pynenc.engine.workflow_replay import PlacedCall, WorkflowReplay
from pynenc.exceptions import CommitUnknownError, StoreError
from pynenc.values.concurrency import ConcurrencyControlType
from pynenc.values.ids import InvocationId
from pynenc.values.operations import NewInvocation, SubmitAnswer
from pynenc.values.records import InvocationRecord
from pynenc.values.workflows import RecordedOperation

logger = logging.getLogger(__name__)

_RESEND_SECONDS = 0.05
#: Waits until calls are registered.
_Waits: TypeAlias = Callable[[], list[SubmitAnswer]]
#: The last digit of a UUID's variant, by the random one in its place.
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


@dataclass(slots=True)
class NewCall:
    """A call to register."""

    task: TaskDefinition
    arguments: SerializedArguments
    delay_seconds: float = 0.0
    #: Given by whoever derives it; a new one otherwise.
    invocation_id: InvocationId | None = None
    rerun_of: InvocationId | None = None
    #: For a workflow that goes on from another one: what it begins with, by its own id.
    operations: Callable[[InvocationId], tuple[RecordedOperation, ...]] | None = None
    trigger_id: str | None = None


@dataclass(frozen=True, slots=True)
class Repetition:
    """A call to register again."""

    #: The invocation that it was.
    record: InvocationRecord
    #: As they are stored.
    arguments: SerializedArguments
    #: Of the new invocation.
    invocation_id: InvocationId


class Submitter:
    """Registers calls."""

    def __init__(self, components: Components, payloads: Payloads) -> None:
        self._components = components
        self._payloads = payloads

    def submit(self, calls: Sequence[NewCall]) -> list[SubmitAnswer]:
        """Register a batch: all of it, or none.

        Once this returned, each invocation is stored and will run, whatever dies.

        Raises:
            StoreError: nothing was registered, unless it is CommitUnknownError.
        """
        if not calls:
            return []
        active = get_active()
        if active is None:
            return self._submit_by(calls, None)
        with active.engaged():
            if active.workflow is not None:
                return self._submit_recorded(calls, active, active.workflow)
            return self._submit_by(calls, active)

    def prepare(self, calls: Sequence[NewCall]) -> Callable[[], _Waits]:
        """Make what ``submit`` tells the store, and tell nothing yet.

        The function that it gives begins to register the calls, and the one that this one gives waits for the answer
        and has to be called. Inside of a task the first one does everything.
        """
        if calls and get_active() is None:
            new = [self._new_invocation(call, None) for call in calls]
            return partial(self._begin_storing, [call.arguments for call in calls], new)

        def begin() -> _Waits:
            answers = self.submit(calls)
            return lambda: answers

        return begin

    def call(
        self, task: TaskDefinition, arguments: Mapping[str, Any], invocation_id: InvocationId
    ) -> SubmitAnswer:
        """Register one call of a task with values by name; with the same id it is registered once.

        Raises:
            TypeError: the values do not fit the signature.
            SerializationError: a value cannot be stored.
            StoreError: nothing was registered, unless it is CommitUnknownError.
        """
        values = self._payloads.serialize_arguments(task, task.bind((), arguments))
        (answer,) = self.submit([NewCall(task, values, invocation_id=invocation_id)])
        return answer

    def reserve_id(self) -> InvocationId:
        """An id for a call that is registered later."""
        return new_id()

    def repetition_of(self, record: InvocationRecord, invocation_id: InvocationId) -> Repetition:
        """The call of an invocation, to be registered again under another id.

        Args:
            record: The invocation, with what the store holds of its arguments.
            invocation_id: Of the new one.

        Raises:
            OutcomeLostError: its stored arguments are gone.
            SerializationError: they cannot be read.
            StoreError: the store is away.
        """
        return Repetition(record, self._payloads.stored_arguments(record), invocation_id)

    def repeat(self, repetitions: Sequence[Repetition]) -> list[SubmitAnswer]:
        """Register the calls of invocations again, under the settings that they were registered with.

        All of them, or none. The code of their tasks is not needed. With the same new id a call is registered
        once, however often it is asked for.

        Raises:
            StoreError: nothing was registered, unless it is CommitUnknownError.
        """
        new = [self._repeated(one) for one in repetitions]
        return self._store([one.arguments for one in repetitions], new)

    def _repeated(self, repetition: Repetition) -> NewInvocation:
        record, invocation_id = repetition.record, repetition.invocation_id
        is_workflow = record.workflow_id == record.invocation_id
        return NewInvocation(
            invocation_id=invocation_id,
            task_id=record.task_id,
            args_id=record.args_id,
            root_id=invocation_id,
            workflow_id=str(invocation_id) if is_workflow else None,
            workflow_type=record.task_id if is_workflow else None,
            reg_key=record.reg_key,
            cc_key=record.cc_key,
            cc_limit=record.cc_limit,
            cc_park=record.cc_park,
            priority=record.priority,
            queue=record.queue,
            arguments=self._packed(repetition.arguments, invocation_id),
            args_preview=record.args_preview,
            args_bytes=record.args_bytes,
            rerun_of=record.invocation_id,
            caches_result=record.caches_result,
        )

    def _submit_recorded(
        self, calls: Sequence[NewCall], parent: ActiveInvocation, workflow: WorkflowReplay
    ) -> list[SubmitAnswer]:
        """Register what the code of a workflow calls, except for what an earlier attempt called already."""
        placed = [workflow.place(call.task.key, call.arguments.args_id) for call in calls]
        new = [
            replace(call, invocation_id=place.invocation_id)
            for call, place in zip(calls, placed, strict=True)
            if not place.known
        ]
        answers = iter(self._submit_by(new, parent) if new else ())
        return [
            SubmitAnswer(place.invocation_id, True, call.arguments.args_id)
            if place.known
            else _settled(workflow, place, call, next(answers))
            for call, place in zip(calls, placed, strict=True)
        ]

    def _submit_by(self, calls: Sequence[NewCall], parent: ActiveInvocation | None) -> list[SubmitAnswer]:
        new = [self._new_invocation(call, parent) for call in calls]
        has_new_id = len(calls) == 1 and calls[0].invocation_id is None
        return self._store([call.arguments for call in calls], new, has_new_id)

    def _store(
        self, arguments: Sequence[SerializedArguments], new: Sequence[NewInvocation], has_new_id: bool = False
    ) -> list[SubmitAnswer]:
        parts = self._components
        if not parts.record_is_queue:
            return self._begin_storing(arguments, new)()  # what is pushed is made while the store works
        data = self._store_apart(arguments, new)
        began = time.monotonic()
        try:
            if has_new_id and not data and parts.orchestrator.append(new[0]):
                answers = [SubmitAnswer(new[0].invocation_id, True, new[0].args_id)]
            else:
                answers = parts.orchestrator.submit(new, data, enqueue=True)
        except CommitUnknownError as error:
            answers = self._submit_again(new, data, began, error)
        self._log(arguments, new, answers)
        return answers

    def _begin_storing(
        self, arguments: Sequence[SerializedArguments], new: Sequence[NewInvocation]
    ) -> _Waits:
        parts = self._components
        data = self._store_apart(arguments, new)
        began = time.monotonic()
        answer: _Waits
        try:
            answer = parts.orchestrator.begin_submit(new, data, enqueue=parts.record_is_queue)
        except CommitUnknownError as error:
            answer = partial(_raise, error)
        try:
            hints = self._prepare_hints(new)
        except BaseException:
            answer()
            raise

        def finish() -> list[SubmitAnswer]:
            try:
                answers = answer()
            except CommitUnknownError as error:
                answers = self._submit_again(new, data, began, error)
            hints(answers)
            self._log(arguments, new, answers)
            return answers

        return finish

    def _store_apart(
        self, arguments: Sequence[SerializedArguments], new: Sequence[NewInvocation]
    ) -> Mapping[str, str]:
        """Write first what does not travel with the records; gives the large values that do."""
        parts = self._components
        if not parts.record_holds_payloads:
            parts.state_backend.put_payloads(
                {
                    PayloadKey(item.invocation_id, 0, PayloadKind.ARGUMENTS): self._payloads.pack_arguments(
                        each, item.invocation_id
                    )
                    for each, item in zip(arguments, new, strict=True)
                }
            )
        data: dict[str, str] = {}
        for each in arguments:
            data.update(each.data)
        if data and not parts.record_store_holds_data:
            parts.client_data_store.put(data)
            return {}
        return data

    def _prepare_hints(self, new: Sequence[NewInvocation]) -> Callable[[Sequence[SubmitAnswer]], None]:
        """What lets a queue of its own know of calls, once their answers say that they are registered."""
        parts = self._components
        if parts.record_is_queue:
            return _tell_nobody
        expected = [item.invocation_id for item in new if not item.delay_seconds]
        push = parts.broker.prepare_push(expected)

        def tell(answers: Sequence[SubmitAnswer]) -> None:
            claimable = [
                answer.invocation_id
                for answer, item in zip(answers, new, strict=True)
                if answer.created and not item.delay_seconds
            ]
            push_hints(
                parts,
                claimable,
                patience_seconds=parts.conf.publish_timeout_seconds,
                prepared=push if claimable == expected else None,
            )

        return tell

    def _log(
        self,
        arguments: Sequence[SerializedArguments],
        new: Sequence[NewInvocation],
        answers: Sequence[SubmitAnswer],
    ) -> None:
        if not logger.isEnabledFor(logging.DEBUG):
            return
        for each, item, answer in zip(arguments, new, answers, strict=True):
            shown = logged_arguments(each.texts, self._components.conf)
            what = "registered" if answer.created else "not registered, because it is there already:"
            logger.debug("%s invocation:%s task:%s%s", what, answer.invocation_id, item.task_id, shown)

    def _submit_again(
        self, new: Sequence[NewInvocation], data: Mapping[str, str], began: float, unknown: StoreError
    ) -> list[SubmitAnswer]:
        """Send the same ids again, which registers nothing twice: the reply to them was lost."""
        parts = self._components
        deadline = began + parts.conf.publish_timeout_seconds
        while time.monotonic() <= deadline:
            time.sleep(_RESEND_SECONDS)
            try:
                answers = parts.orchestrator.submit(new, data, enqueue=parts.record_is_queue)
            except StoreError as error:
                unknown = error
            else:
                return [
                    replace(answer, created=answer.created or answer.invocation_id == item.invocation_id)
                    for answer, item in zip(answers, new, strict=True)
                ]
        raise CommitUnknownError(
            f"nobody knows whether {len(new)} calls were registered ({unknown}): look for the invocation, "
            "or call again if a second execution does no harm",
            new[0].invocation_id,
        ) from unknown

    def _packed(self, arguments: SerializedArguments, invocation_id: InvocationId) -> str | None:
        """What the record holds of the arguments; None when another store has them."""
        if not self._components.record_holds_payloads:
            return None
        return self._payloads.pack_arguments(arguments, invocation_id)

    def _new_invocation(self, call: NewCall, parent: ActiveInvocation | None) -> NewInvocation:
        conf, arguments = call.task.conf, call.arguments
        invocation_id = call.invocation_id or new_id()
        return NewInvocation(
            invocation_id=invocation_id,
            task_id=call.task.key,
            args_id=arguments.args_id,
            root_id=parent.claim.root_id if parent else invocation_id,
            cc_park=conf.reroute_on_concurrency_control,
            arguments=self._packed(arguments, invocation_id),
            args_preview=preview_of(arguments.texts),
            args_bytes=sum(map(len, arguments.texts.values())),
            caches_result=conf.call_result_cache,
            **_unusual(call, parent, invocation_id),
        )


class _Unusual(TypedDict, total=False):
    parent_id: InvocationId | None
    depth: int
    workflow_id: str | None
    workflow_type: str | None
    registered_by: str | None
    cc_key: str | None
    cc_limit: int
    reg_key: str | None
    delay_seconds: float
    rerun_of: InvocationId
    trigger_id: str
    operations: tuple[RecordedOperation, ...]


def _unusual(call: NewCall, parent: ActiveInvocation | None, invocation_id: InvocationId) -> _Unusual:
    """What most calls lack, by name: to give them nothing by name takes a tenth of the time of making them."""
    conf, key, arguments = call.task.conf, call.task.key, call.arguments
    given: _Unusual = {}
    if parent:
        claim = parent.claim
        given["parent_id"] = claim.invocation_id
        given["depth"] = claim.depth + 1
        given["workflow_id"] = claim.workflow_id
        given["workflow_type"] = claim.workflow_type
        given["registered_by"] = parent.runner_id
    if conf.is_workflow_task or conf.force_new_workflow:
        given["workflow_id"] = str(invocation_id)
        given["workflow_type"] = key
    running = conf.running_concurrency
    if running is ConcurrencyControlType.DISABLED and conf.max_running is not None:
        running = ConcurrencyControlType.TASK
    if running is not ConcurrencyControlType.DISABLED:
        given["cc_key"] = concurrency_key(
            running, key, arguments.texts, arguments.args_id, conf.key_arguments
        )
        given["cc_limit"] = conf.max_running or 1
    registration = conf.registration_concurrency
    if registration is not ConcurrencyControlType.DISABLED:
        given["reg_key"] = concurrency_key(
            registration, key, arguments.texts, arguments.args_id, conf.key_arguments
        )
    if call.delay_seconds:
        given["delay_seconds"] = call.delay_seconds
    if call.rerun_of:
        given["rerun_of"] = call.rerun_of
    if call.trigger_id:
        given["trigger_id"] = call.trigger_id
    if call.operations:
        given["operations"] = call.operations(invocation_id)
    return given


def _settled(
    workflow: WorkflowReplay, place: PlacedCall, call: NewCall, answer: SubmitAnswer
) -> SubmitAnswer:
    """What a call of a workflow is told."""
    if answer.invocation_id == place.invocation_id:
        return replace(answer, created=True)  # perhaps by an attempt whose reply was lost
    workflow.note_reuse(place, call.task.key, answer.args_id, answer.invocation_id)
    return answer


def _tell_nobody(_answers: Sequence[SubmitAnswer]) -> None:
    """Where the record is the queue, nobody else has to know."""


def _raise(error: CommitUnknownError) -> list[SubmitAnswer]:
    raise error


def new_id() -> InvocationId:
    """The text of a UUID of version 7 (RFC 9562): time first, so that stores append to their index of ids."""
    milliseconds = time.time_ns() // 1_000_000
    head, tail = f"{milliseconds:012x}", os.urandom(10).hex()
    return InvocationId(f"{head[:8]}-{head[8:]}-7{tail[:3]}-{_VARIANTS[tail[3]]}{tail[4:7]}-{tail[7:19]}")
