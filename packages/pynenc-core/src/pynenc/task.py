"""Task: a function that can be called from anywhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

from pynenc.arguments import Arguments
from pynenc.conf.config_task import ConfigTask
from pynenc.engine.current import get_active
from pynenc.engine.engine import Engine
from pynenc.engine.payloads import SerializedArguments
from pynenc.engine.registry import TaskDefinition
from pynenc.engine.submit import NewCall
from pynenc.exceptions import (
    InvocationConcurrencyWithDifferentArgumentsError,
    TaskParallelProcessingError,
)
from pynenc.invocation.base_invocation import BaseInvocation, BaseInvocationGroup
from pynenc.invocation.conc_invocation import (
    ConcurrentInvocation,
    ConcurrentInvocationGroup,
    inline_invocation,
)
from pynenc.invocation.dist_invocation import (
    DistributedInvocation,
    DistributedInvocationGroup,
    ReusedInvocation,
)
from pynenc.invocation.inline_call import InlineCall
from pynenc.values.ids import InvocationId, TaskId
from pynenc.values.operations import SubmitAnswer
from pynenc.values.records import InvocationState
from pynenc.workflow.context import WorkflowContext

P = ParamSpec("P")
R = TypeVar("R")
#: Waits until a batch is registered, and gives its handles; has to be called.
_Begun: TypeAlias = Callable[[], list[DistributedInvocation[R]]]
#: Begins to register a batch.
_Prepared: TypeAlias = Callable[[], _Begun[R]]


class Task(Generic[P, R]):
    """A function under orchestration. Calling it registers an invocation and returns a handle of it.

    Made by ``@app.task``; the function itself stays reachable as ``task.func``.

    Example::

        @app.task(max_retries=3)
        def add(x: int, y: int) -> int:
            return x + y

        invocation = add(1, 2)
        invocation.result  # 3, once a runner has executed it
    """

    #: Whether calling it starts a workflow.
    is_workflow_root_task = False
    _handle_cls: type[DistributedInvocation[Any]] = DistributedInvocation

    def __init__(
        self,
        definition: TaskDefinition,
        engine: Callable[[], Engine],
        options: Mapping[str, Any],
        runs_inline: Callable[[], bool] = lambda: False,
    ) -> None:
        self._definition = definition
        self._engine_of_app = engine
        self._runs_inline = runs_inline
        self.options = dict(options)
        self.__name__ = definition.task_id.func_name
        self.__module__ = definition.task_id.module
        self.__doc__ = definition.func.__doc__
        self.__wrapped__ = definition.func

    @property
    def task_id(self) -> TaskId:
        """Module and name of the function."""
        return self._definition.task_id

    @property
    def func(self) -> Callable[P, R]:
        """The function as it was written."""
        return self._definition.func

    @property
    def is_async(self) -> bool:
        """Whether the function is an ``async def``."""
        return self._definition.is_async

    @property
    def conf(self) -> ConfigTask:
        """The settings in force for this task."""
        return self._definition.conf

    @property
    def logger(self) -> logging.Logger:
        """A logger whose lines carry the ids of what runs."""
        return logging.getLogger(f"pynenc.task.{self._definition.key}")

    @property
    def invocation(self) -> BaseInvocation[R]:
        """The invocation of this task whose code is running in this thread or coroutine.

        Raises:
            RuntimeError: the task is not running here.
        """
        active = get_active()
        if active is None or active.claim.task_id != self._definition.key:
            raise RuntimeError(
                f"Task has not been invoked yet: no invocation of '{self.task_id}' is running here"
            )
        inline = inline_invocation()
        if inline is not None and inline.invocation_id == active.invocation_id:
            return inline
        return self.handle(active.invocation_id)

    @property
    def wf(self) -> WorkflowContext:
        """The workflow of the invocation that runs here."""
        return WorkflowContext(self._engine_of_app)

    def args(self, *args: P.args, **kwargs: P.kwargs) -> Arguments:
        """Bind values to the signature, with its defaults; raises TypeError when they do not fit."""
        return Arguments(self._definition.bind(args, kwargs))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> BaseInvocation[R]:
        """Register one invocation.

        In development mode nothing is registered: the call runs when its result is asked for. With
        ``call_result_cache`` an equal call that succeeded, and is still stored, is returned instead; equal
        calls that overlap may all run, unless ``registration_concurrency`` merges them.

        Raises:
            TypeError: the values do not fit the signature; nothing was registered.
            SerializationError: a value cannot be stored; nothing was registered.
            StoreError: the store did not take it; see CommitUnknownError.
        """
        values = self._definition.bind(args, kwargs)
        if self._runs_inline():
            return ConcurrentInvocation(self._inline_call(values))
        engine = self._engine_of_app()
        arguments = engine.payloads.serialize_arguments(self._definition, values)
        known = self._find_results(engine, [arguments])
        if known:
            return self._handles(engine, [arguments], known, ())[0]
        (answer,) = engine.submitter.submit([NewCall(self._definition, arguments)])
        return self._handle_of(engine, arguments, answer)

    def parallelize(
        self,
        param_iter: Iterable[tuple[Any, ...] | dict[str, Any] | Arguments],
        common_args: Mapping[str, Any] | None = None,
    ) -> BaseInvocationGroup[R]:
        """Register one invocation per item, in batches of ``parallel_batch_size``.

        Args:
            param_iter: Per call: a tuple of positional values, a dict by name, or Arguments.
            common_args: Values by name that all calls share, serialized once; every item must then be a dict.

        Raises:
            TaskParallelProcessingError: an item is of another kind.
            TypeError, SerializationError, StoreError: as for a single call; earlier batches stay registered.
        """
        common = dict(common_args or {})
        if self._runs_inline():
            calls = [self._inline_call({**common, **self._bind_item(item, common)}) for item in param_iter]
            return ConcurrentInvocationGroup([ConcurrentInvocation[R](call) for call in calls])
        engine = self._engine_of_app()
        invocations: list[DistributedInvocation[R]] = []
        # One batch is on its way while the next one is prepared, which is sent when the first one is registered.
        sent: _Begun[R] = list
        try:
            for batch in self._batches(engine, param_iter, common):
                begin = self._prepare(engine, batch)
                handles, sent = sent, list
                invocations += handles()
                sent = begin()
        finally:
            invocations += sent()
        return DistributedInvocationGroup(engine, invocations)

    def _batches(
        self, engine: Engine, items: Iterable[Any], common: dict[str, Any]
    ) -> Iterator[list[SerializedArguments]]:
        shared = engine.payloads.serialize_arguments(self._definition, common)
        size = self.conf.parallel_batch_size
        batch: list[SerializedArguments] = []
        for item in items:
            values = self._bind_item(item, common)
            batch.append(engine.payloads.serialize_arguments(self._definition, values, shared))
            if len(batch) >= size:
                yield batch
                batch = []
        if batch:
            yield batch

    def handle(self, invocation_id: InvocationId) -> DistributedInvocation[R]:
        """A handle of an existing invocation of this task; nothing is read before somebody asks."""
        return self._handle_cls(self._engine_of_app(), invocation_id, self._definition)

    def _prepare(self, engine: Engine, batch: Sequence[SerializedArguments]) -> _Prepared[R]:
        """Make ready to register a batch, except for calls that a stored result answers; gives handles in order."""
        known = self._find_results(engine, batch)
        new = [NewCall(self._definition, each) for each in batch if each.args_id not in known]
        begin = engine.submitter.prepare(new)

        def begun() -> _Begun[R]:
            registered = begin()
            return lambda: self._handles(engine, batch, known, registered())

        return begun

    def _find_results(
        self, engine: Engine, batch: Sequence[SerializedArguments]
    ) -> Mapping[str, InvocationState]:
        """Stored results that answer calls of a batch, by ``args_id``."""
        definition = self._definition
        if not definition.conf.call_result_cache:
            return {}
        active = get_active()
        if active is not None and active.workflow is not None:
            # What a workflow calls is recorded instead: a stored result may be gone when its code runs again.
            return {}
        return engine.result_cache.find(definition.key, (each.args_id for each in batch))

    def _handles(
        self,
        engine: Engine,
        batch: Sequence[SerializedArguments],
        known: Mapping[str, InvocationState],
        answers: Sequence[SubmitAnswer],
    ) -> list[DistributedInvocation[R]]:
        """One for each call of a batch; ``answers`` are about those that no stored result answers."""
        told = iter(answers)
        return [
            ReusedInvocation(engine, state.invocation_id, self._definition, each, state)
            if (state := known.get(each.args_id))
            else self._handle_of(engine, each, next(told))
            for each in batch
        ]

    def _inline_call(self, values: Mapping[str, Any]) -> InlineCall:
        definition = self._definition
        return InlineCall(
            definition,
            values,
            lambda: self._engine_of_app().payloads.serialize_arguments(definition, values),
        )

    def _bind_item(self, item: Any, common: Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(item, Arguments):
            item = item.kwargs
        if isinstance(item, dict):
            bound = self._definition.bind((), {**common, **item})
            return {name: value for name, value in bound.items() if name not in common or name in item}
        if common:
            raise TaskParallelProcessingError(
                self.task_id,
                f"with common_args every item must be a dict of the other values, not {type(item).__name__}",
            )
        if isinstance(item, tuple):
            return self._definition.bind(item, {})
        raise TaskParallelProcessingError(
            self.task_id,
            f"an item of parallelize must be a tuple, a dict or Arguments, not {type(item).__name__}; "
            "for one positional value write (value,)",
        )

    def _handle_of(
        self, engine: Engine, arguments: SerializedArguments, answer: SubmitAnswer
    ) -> DistributedInvocation[R]:
        if answer.created:
            return self._handle_cls(engine, answer.invocation_id, self._definition, arguments)
        reused: ReusedInvocation[R] = ReusedInvocation(engine, answer.invocation_id, self._definition)
        if answer.args_id != arguments.args_id:
            if self.conf.on_diff_non_key_args_raise:
                stored = reused.call.serialized_arguments
                raise InvocationConcurrencyWithDifferentArgumentsError(
                    self.task_id, _difference(answer.invocation_id, stored, arguments.texts)
                )
            reused.diff_arg = Arguments(engine.payloads.decode_arguments(self._definition, arguments))
        return reused

    def __repr__(self) -> str:
        return f"Task({self.task_id.key!r})"


def _difference(existing: str, stored: Mapping[str, str], given: Mapping[str, str]) -> str:
    lines = [
        f"  {name}: waiting {stored.get(name, 'nothing')[:80]}, called with {given.get(name, 'nothing')[:80]}"
        for name in sorted(stored.keys() | given.keys())
        if stored.get(name) != given.get(name)
    ]
    return (
        f"invocation '{existing}' with the same concurrency key waits already, with other arguments:\n"
        + "\n".join(lines)
        + "\nset on_diff_non_key_args_raise=False to be given that one instead"
    )
