"""Pynenc: composes an app from its settings. The only module that knows every layer below."""

from __future__ import annotations

import contextvars
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar, cast, overload

from pynenc.app_components import INVOCATION_TAG, RegisteredType, build_components
from pynenc.app_tasks import define, unknown_definition
from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.conf.dev_mode import DevMode
from pynenc.contracts.broker import BaseBroker
from pynenc.contracts.client_data_store import BaseClientDataStore
from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.contracts.serializer import BaseSerializer
from pynenc.contracts.state_backend import BaseStateBackend
from pynenc.direct_task import AggregateFunc, ParallelFunc, direct_function
from pynenc.engine.components import Components
from pynenc.engine.engine import Engine
from pynenc.engine.registry import TaskNotRegisteredError, TaskRegistry
from pynenc.engine.submit import NewCall
from pynenc.engine.triggers import Triggers
from pynenc.exceptions import InvalidTaskOptionsError
from pynenc.invocation.dist_invocation import DistributedInvocation
from pynenc.invocation.workflow_invocation import WorkflowInvocation
from pynenc.logs import configure_logging
from pynenc.main_module import importable_name
from pynenc.plugins import REGISTRY
from pynenc.runner.base_runner import BaseRunner
from pynenc.runner.bootstrap import ChildProgram
from pynenc.task import Task
from pynenc.values.app_ref import AppRef
from pynenc.values.clock import SystemClock, WaitableClock
from pynenc.values.ids import InvocationId, TaskId
from pynenc.workflow_task import WorkflowTask

P = ParamSpec("P")
R = TypeVar("R")


class Pynenc:
    """An app: tasks, and the components that carry them out.

    Nothing is opened before it is used. Settings may be changed through ``conf`` until the component that
    they configure is first used.

    Args:
        config_values: Settings that rank just above the defaults.
        config_filepath: A YAML, TOML or JSON file of settings.

    Raises:
        ConfigError: a setting is wrong; the message names the field, the value and where it came from.

    Example::

        app = Pynenc({"app_id": "shop"})

        @app.task
        def add(x: int, y: int) -> int:
            return x + y
    """

    def __init__(
        self, config_values: Mapping[str, Any] | None = None, config_filepath: str | None = None
    ) -> None:
        self._config_values = dict(config_values or {})
        self._config_filepath = config_filepath
        self._clock: WaitableClock = SystemClock()
        self._lock = threading.RLock()
        self._engine: Engine | None = None  # changed under self._lock
        self._runner: BaseRunner | None = None  # guarded by self._lock
        self._component_confs: dict[str, ConfigBase] = {}  # guarded by self._lock
        self._tasks: dict[TaskId, Task[Any, Any]] = {}
        #: What ``register_type`` was given, for the next serializer.
        self._types: list[RegisteredType] = []
        #: Assignments made in the process that started this one.
        self._inherited: dict[str, dict[str, Any]] = {}  # guarded by self._lock
        self.conf = cast("ConfigPynenc", self.component_conf(ConfigPynenc))
        self._dev_mode = DevMode(self.conf, lambda: cast("ConfigPynenc", self._resolve(ConfigPynenc)))
        self._logging_configured = False  # guarded by self._lock
        self._module, self._filepath = _place_of_caller()
        self._registry = TaskRegistry(self._importable)
        REGISTRY.load_entry_points()

    # -- identity and settings ------------------------------------------------------------------------

    @property
    def app_id(self) -> str:
        """Namespace of everything that is stored."""
        return self.conf.app_id

    @property
    def config_values(self) -> dict[str, Any]:
        """What the constructor was given."""
        return self._config_values

    @property
    def config_filepath(self) -> str | None:
        """What the constructor was given."""
        return self._config_filepath

    @property
    def logger(self) -> logging.Logger:
        """The app's logger."""
        self._configure_logging()
        return logging.getLogger(f"pynenc.{self.app_id}")

    def component_conf(self, config_cls: type[ConfigBase]) -> ConfigBase:
        """The settings of one kind; one object per class, so that assignments to it last."""
        with self._lock:
            name = config_cls.__name__
            if name not in self._component_confs:
                conf = self._resolve(config_cls)
                conf.apply_direct(self._inherited.get(name, {}))
                self._component_confs[name] = conf
            return self._component_confs[name]

    def _resolve(self, config_cls: type[ConfigBase]) -> ConfigBase:
        return config_cls(self._config_values, self._config_filepath)

    @property
    def app_ref(self) -> AppRef:
        """How another process finds this app, with everything that was assigned to its settings."""
        direct = {name: conf.direct_values() for name, conf in self._component_confs.items()}
        return AppRef(
            app_id=self.app_id,
            module=importable_name(self._module),
            filepath=self._filepath,
            direct_values={name: values for name, values in direct.items() if values},
        )

    def apply(self, ref: AppRef) -> None:
        """Take over the assignments of the app in the process that sent ``ref``."""
        with self._lock:
            # Kept for later too: the class may belong to a backend that is not imported yet.
            self._inherited.update(ref.direct_values)
            for name, conf in self._component_confs.items():
                conf.apply_direct(ref.direct_values.get(name, {}))

    # -- components -----------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """The rules, on this app's components."""
        engine = self._engine
        if engine is None:
            with self._lock:
                engine = self._engine
                if engine is None:
                    engine = self._engine = Engine(self._build_components(), self._registry)
        return engine

    @property
    def orchestrator(self) -> BaseOrchestrator:
        """The record of every invocation."""
        return self.engine.components.orchestrator

    @property
    def broker(self) -> BaseBroker:
        """The queue; idle when it shares the orchestrator's store."""
        return self.engine.components.broker

    @property
    def state_backend(self) -> BaseStateBackend:
        """Payloads; idle when it shares the orchestrator's store."""
        return self.engine.components.state_backend

    @property
    def client_data_store(self) -> BaseClientDataStore:
        """Large values."""
        return self.engine.components.client_data_store

    @property
    def trigger(self) -> Triggers:
        """Events, and the triggers of this app."""
        return self.engine.triggers

    @property
    def serializer(self) -> BaseSerializer:
        """Values ↔ text."""
        return self.engine.components.serializer

    def register_type(
        self,
        cls: type,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
    ) -> None:
        """Allow a class in arguments and results without naming it in annotations; in every process alike.

        Args:
            cls: The class.
            encode: Makes JSON-able data of an object; None for a dataclass, enum, NamedTuple, pydantic model or
                class with ``to_json()`` and ``from_json()``.
            decode: Makes the object of that data.

        Raises:
            SerializationError: the class cannot be written so.
        """
        self.serializer.register_type(cls, encode, decode)
        self._types.append((cls, encode, decode))

    @property
    def runner(self) -> BaseRunner:
        """The runner that ``conf.runner_cls`` names; a changed setting takes effect while it does not run."""
        with self._lock:
            cls = cast("type[BaseRunner]", REGISTRY.resolve(BaseRunner, self.conf.runner_cls))
            if self._runner is None or (type(self._runner) is not cls and not self._runner.running):
                program = ChildProgram(
                    ("-m", "pynenc.cli.worker"),
                    lambda: self.app_ref,
                    (self._config_values, self._config_filepath),
                )
                self._runner = cls(self.engine, self.component_conf(cls.config_cls), program)
            return self._runner

    @runner.setter
    def runner(self, runner: BaseRunner) -> None:
        with self._lock:
            self._runner = runner

    def _configure_logging(self) -> None:
        """Once, when somebody may log before components are built: until then settings may change."""
        with self._lock:
            if not self._logging_configured:
                configure_logging(self.conf)
                self._logging_configured = True

    def _runs_inline(self) -> bool:
        """Whether a call made now runs in the process of its caller."""
        if not self._dev_mode():
            return False
        self._configure_logging()  # no component is built that would do it
        return True

    def _build_components(self) -> Components:
        configure_logging(self.conf)
        self._logging_configured = True
        return build_components(
            self.conf, self.component_conf, self._clock, self._types, self._decode_invocation
        )

    def _decode_invocation(self, data: Any) -> DistributedInvocation[Any]:
        """An invocation that was passed as a value; it is read when somebody uses it."""
        return self._handle(InvocationId(data[INVOCATION_TAG]), str(data["task"]))

    # -- tasks ----------------------------------------------------------------------------------------

    @property
    def tasks(self) -> dict[TaskId, Task[Any, Any]]:
        """The tasks that this process knows."""
        return dict(self._tasks)

    @overload
    def task(self, func: Callable[P, R], /) -> Task[P, R]: ...

    @overload
    def task(self, func: None = None, /, **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...

    def task(self, func: Callable[P, R] | None = None, /, **options: Any) -> Any:
        """Make a task of a function: ``@app.task`` or ``@app.task(max_retries=3, …)``.

        Args:
            func: A function at the top level of an importable module.
            options: Fields of ``ConfigTask``; absent or None leaves the decision to the configuration. And
                ``triggers``: when the task is run by itself, a ``TriggerBuilder`` or a list of them.

        Raises:
            InvalidTaskOptionsError: an option does not exist, or names an argument that the function lacks.
            InvalidTaskFunctionError: the function cannot be found again by another process.
            ConfigError: an option has a wrong value.
            TriggerError: a trigger is declared wrongly.
        """
        if func is None:
            return lambda function: self._make_task(function, options)
        return self._make_task(func, options)

    @overload
    def workflow(self, func: Callable[P, R], /) -> WorkflowTask[P, R]: ...

    @overload
    def workflow(
        self, func: None = None, /, **options: Any
    ) -> Callable[[Callable[P, R]], WorkflowTask[P, R]]: ...

    def workflow(self, func: Callable[P, R] | None = None, /, **options: Any) -> Any:
        """Make a durable workflow of a function: ``@app.workflow`` or ``@app.workflow(max_retries=3, …)``.

        Its body is deterministic but for recorded operations: calls of tasks, and those of ``task.wf``.

        Args:
            func: A plain function at the top level of an importable module.
            options: As for ``task``.

        Raises:
            InvalidTaskFunctionError: it cannot be found by another process, or is an ``async def``.
            InvalidTaskOptionsError, ConfigError: as for ``task``.
        """
        options["is_workflow_task"] = True
        if func is None:
            return lambda function: self._make_task(function, options)
        return self._make_task(func, options)

    def _make_task(self, func: Callable[P, R], options: Mapping[str, Any]) -> Task[P, R]:
        definition = define(func, options, self._config_values, self._config_filepath)
        cls: type[Task[P, R]] = WorkflowTask if definition.conf.is_workflow_task else Task
        task = cls(definition, lambda: self.engine, options, self._runs_inline)
        self._registry.register(definition)
        self._tasks[definition.task_id] = task
        return task

    @overload
    def direct_task(self, func: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def direct_task(
        self,
        func: None = None,
        /,
        *,
        parallel_func: ParallelFunc | None = None,
        aggregate_func: AggregateFunc | None = None,
        **options: Any,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def direct_task(
        self,
        func: Callable[P, R] | None = None,
        /,
        *,
        parallel_func: ParallelFunc | None = None,
        aggregate_func: AggregateFunc | None = None,
        **options: Any,
    ) -> Any:
        """Make a task that is called like its function: the call waits for a runner, and returns the value.

        The task is ``__pynenc_task__`` of the function that is returned, the given one ``__inner_function__``.

        Args:
            func: A function at the top level of an importable module; calls of an ``async def`` are awaited.
            parallel_func: Given the bound arguments of a call as a dict, what ``parallelize`` takes: an iterable
                of calls, or a pair of common values and an iterable of dicts.
            aggregate_func: Makes one result of the results of these calls.
            options: As for ``task``.

        Raises:
            ValueError: there is a ``parallel_func`` without an ``aggregate_func``.
            InvalidTaskOptionsError, InvalidTaskFunctionError, ConfigError: as for ``task``.
        """
        if "triggers" in options:
            raise InvalidTaskOptionsError(
                func or "a direct task",
                "a direct task has no triggers: its caller waits for it; use @app.task",
            )
        if func is None:
            return lambda function: direct_function(
                self._make_task(function, options), parallel_func, aggregate_func
            )
        return direct_function(self._make_task(func, options))

    def get_task(self, task_id: TaskId | str) -> Task[Any, Any]:
        """A task by its id, importing its module where that is allowed.

        Raises:
            TaskNotRegisteredError: it is not known here.
        """
        key = task_id if isinstance(task_id, str) else task_id.key
        self._registry.get(key)
        return self._tasks[TaskId.from_key(key)]

    def get_invocation(self, invocation_id: str) -> DistributedInvocation[Any]:
        """A handle of an existing invocation.

        Raises:
            InvocationNotFoundError: there is none with this id.
        """
        record = self.engine.get_record(InvocationId(invocation_id))
        return self._handle(record.invocation_id, record.task_id)

    def rerun(self, invocation_id: str) -> DistributedInvocation[Any]:
        """Register a new invocation of the same stored call; its arguments are not decoded.

        Raises:
            InvocationNotFoundError: there is none with this id.
            TaskNotRegisteredError: the task's settings are not known here.
        """
        record = self.engine.get_record(InvocationId(invocation_id))
        call = NewCall(
            self._registry.get(record.task_id),
            self.engine.stored_arguments(record),
            rerun_of=record.invocation_id,
        )
        answer = self.engine.submitter.submit([call])[0]
        return self._handle(answer.invocation_id, record.task_id)

    def fork_workflow(self, workflow_id: str, operations: int) -> WorkflowInvocation[Any]:
        """Start a new workflow that has done what another one did first, and goes on from there.

        Args:
            workflow_id: The other one; it is not changed.
            operations: How many of its recorded operations to take over; all of them when there are fewer.

        Raises:
            InvocationNotFoundError: there is no such workflow.
            WorkflowError: the invocation is no workflow, or one of the operations failed.
        """
        workflows = self.engine.workflows
        record = workflows.get(workflow_id)
        if operations < 0:
            raise ValueError(f"a workflow goes on from operation 0 or a later one, not {operations}")
        call = NewCall(
            self._registry.get(record.task_id),
            self.engine.stored_arguments(record),
            rerun_of=record.invocation_id,
            operations=lambda new_id: workflows.copy_operations(workflow_id, new_id, operations),
        )
        answer = self.engine.submitter.submit([call])[0]
        return cast("WorkflowInvocation[Any]", self._handle(answer.invocation_id, record.task_id))

    def resume_workflow(self, workflow_id: str) -> WorkflowInvocation[Any]:
        """Go on with a workflow that failed or was cancelled: a new one begins before what failed first.

        Raises:
            InvocationNotFoundError: there is no such workflow.
            WorkflowError: it is still open, or succeeded.
        """
        workflows = self.engine.workflows
        return self.fork_workflow(workflow_id, workflows.before_failure(workflows.get(workflow_id)))

    def check_workflow(self, workflow_id: str) -> int:
        """Compare what a workflow recorded with the code at hand; nothing is carried out.

        Its body runs as far as the record reaches; code between its operations runs as in each attempt.

        Returns:
            How many operations agree.

        Raises:
            NonDeterminismError: the code does something else than what was recorded.
            InvocationNotFoundError, WorkflowError: as for ``fork_workflow``.
        """
        engine = self.engine
        record = engine.workflows.get(workflow_id)
        task = self._registry.get(record.task_id)
        values = engine.payloads.decode_arguments(task, engine.stored_arguments(record))
        return contextvars.Context().run(engine.workflows.check, record, lambda: task.call(values))

    def purge(self) -> None:
        """Remove all data of this app from all its stores."""
        self.engine.purge()

    def close(self) -> None:
        """Release connections and threads; the app may be used again."""
        with self._lock:
            engine, self._engine, self._runner = self._engine, None, None
        if engine is not None:
            engine.close()

    @contextmanager
    def overridden(self, settings: Mapping[str, Any], clock: WaitableClock) -> Iterator[None]:
        """Inside of the block the app has these settings, this clock and new components; for tests.

        Afterwards everything is as before, also what was assigned to settings inside.
        """
        with self._lock:
            confs, self._component_confs = self._component_confs, dict(self._component_confs)
            before = self._clock, self._engine, self._runner
            self._clock, self._engine, self._runner = clock, None, None
        with ExitStack() as stack:
            for conf in confs.values():
                stack.enter_context(conf.restored())
            try:
                self.conf.apply_direct(settings)
                yield
            finally:
                self.close()
                with self._lock:
                    self._component_confs = confs
                    self._clock, self._engine, self._runner = before

    def _handle(self, invocation_id: InvocationId, task_key: str) -> DistributedInvocation[Any]:
        try:
            return self.get_task(task_key).handle(invocation_id)
        except TaskNotRegisteredError:
            # Known by id alone: its status and result can be read, its arguments only as text.
            return Task(unknown_definition(task_key), lambda: self.engine, {}).handle(invocation_id)

    def _importable(self) -> Iterable[str]:
        """What a worker may import on demand: the package of the app's own module, and what settings name."""
        own = importable_name(self._module)
        if own is not None:
            yield own.partition(".")[0]
        yield from self.conf.task_modules
        yield from self.conf.trigger_task_modules

    def __repr__(self) -> str:
        return f"Pynenc({self.app_id!r})"


def _place_of_caller() -> tuple[str, str | None]:
    """Module and file whose code makes the app, looking past the builder."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") in (__name__, "pynenc.builder"):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "__main__")), frame.f_globals.get("__file__")
