"""The fluent way to configure an app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, Literal, Self

from pynenc.app import Pynenc
from pynenc.conf.config_pynenc import ArgumentPrintMode, LogFormat
from pynenc.contracts.plugin import Plugin
from pynenc.exceptions import ConfigError
from pynenc.plugins import REGISTRY, install_hint
from pynenc.values.concurrency import ConcurrencyControlType

#: Field -> what follows the backend's name in the class of that component.
_COMPONENTS = {
    "orchestrator_cls": "Orchestrator",
    "broker_cls": "Broker",
    "state_backend_cls": "StateBackend",
    "trigger_cls": "Trigger",
    "client_data_store_cls": "ClientDataStore",
}
#: Runners whose workers are other processes and therefore cannot share memory with this one.
_PROCESS_RUNNERS = frozenset({"ProcessRunner", "MultiThreadRunner", "PersistentProcessRunner"})


class PynencBuilder:
    """Collects settings; every method returns the builder, ``build`` returns the app.

    Values given here rank just above the defaults: files and environment variables override them.
    Installed plugins add methods of their own, such as ``redis``.
    """

    _plugin_methods: ClassVar[dict[str, Callable[..., Any]]] = {}
    _plugin_validators: ClassVar[list[Callable[[dict[str, Any]], object]]] = []
    _loaded: ClassVar[set[str]] = set()  # guarded by _loading
    _loading: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self) -> None:
        # These three names are public to plugins.
        self._config: dict[str, Any] = {}
        self._plugin_components: set[str] = set()
        self._using_memory_components = False

    # --- plugins -------------------------------------------------------------------------------

    @classmethod
    def register_plugin_method(cls, name: str, method: Callable[..., Any]) -> None:
        """Add a method: ``method(builder, ...)`` changes the builder and returns it.

        Raises:
            ValueError: the builder, or another plugin, has a method of this name.
        """
        if name in vars(PynencBuilder):
            raise ConfigError(f"a plugin cannot replace the builder method '{name}'")
        known = PynencBuilder._plugin_methods.setdefault(name, method)
        if (known.__module__, known.__qualname__) != (method.__module__, method.__qualname__):
            raise ConfigError(
                f"two plugins add a builder method '{name}': {known.__module__}, {method.__module__}"
            )

    @classmethod
    def register_plugin_validator(cls, validator: Callable[[dict[str, Any]], object]) -> None:
        """Have ``build`` call ``validator`` with the collected values; it raises to refuse them."""
        if validator not in PynencBuilder._plugin_validators:
            PynencBuilder._plugin_validators.append(validator)

    @classmethod
    def _load_plugins(cls) -> None:
        with cls._loading:
            for name, plugin in REGISTRY.builder_plugins().items():
                if name not in cls._loaded:
                    cls._loaded.add(name)
                    try:
                        cls._accept(plugin)
                    except Exception as error:  # noqa: BLE001 - boundary: a broken plugin is left out
                        REGISTRY.record_failure(name, error)

    @classmethod
    def _accept(cls, plugin: Any) -> None:
        if not isinstance(plugin, Plugin):
            plugin.register_builder_methods(PynencBuilder)
            return
        for name, method in plugin.builder_methods.items():
            cls.register_plugin_method(name, method)
        for validator in plugin.validators:
            cls.register_plugin_validator(validator)

    def __getattr__(self, name: str) -> Callable[..., Self]:
        if not name.startswith("_"):
            self._load_plugins()
            if name in self._plugin_methods:
                return partial(self._plugin_methods[name], self)
        available = ", ".join(sorted(self._plugin_methods)) or "none"
        problem = f"PynencBuilder has no method '{name}'; methods added by installed plugins: {available}"
        raise AttributeError("; ".join(filter(None, (problem, install_hint(name)))))

    def __dir__(self) -> list[str]:
        self._load_plugins()
        return sorted({*super().__dir__(), *self._plugin_methods})

    # --- identity and components ---------------------------------------------------------------

    def app_id(self, app_id: str) -> Self:
        """Set the namespace of everything the app stores."""
        return self.custom_config(app_id=app_id)

    def memory(self) -> Self:
        """Keep everything in this process; needs a runner that stays in it."""
        self._using_memory_components = True
        return self._use_components("Mem")

    def sqlite(self, sqlite_db_path: str | None = None) -> Self:
        """Keep everything in one SQLite file, for all processes of this host."""
        self._using_memory_components = False
        if sqlite_db_path is not None:
            self.custom_config(sqlite_db_path=str(sqlite_db_path))
        return self._use_components("SQLite")

    def _use_components(self, backend: str) -> Self:
        return self.custom_config(**{field: backend + part for field, part in _COMPONENTS.items()})

    def mem_client_data_store(self, min_size_to_cache: int = 1024, local_cache_size: int = 1024) -> Self:
        """Keep large values in the memory of this process."""
        return self.custom_config(
            client_data_store_cls="MemClientDataStore",
            min_size_to_cache=min_size_to_cache,
            local_cache_size=local_cache_size,
        )

    def mem_trigger(self, scheduler_interval_seconds: float = 60, enable_scheduler: bool = True) -> Self:
        """Keep events and what triggers remember in the memory of this process."""
        return self.custom_config(
            trigger_cls="MemTrigger",
            scheduler_interval_seconds=scheduler_interval_seconds,
            enable_scheduler=enable_scheduler,
        )

    def disable_client_data_store(self) -> Self:
        """Store every argument and result inline, whatever its size."""
        return self.custom_config(disable_client_data_store=True)

    def serializer_json(self) -> Self:
        """Store values as JSON, typed by the annotations of the tasks: the default."""
        return self.custom_config(serializer_cls="JsonSerializer")

    def serializer_json_pickle(self) -> Self:
        """Store values with jsonpickle: whoever can write to the store can run code here."""
        return self.custom_config(serializer_cls="JsonPickleSerializer")

    def serializer_pickle(self) -> Self:
        """Store values with pickle: whoever can write to the store can run code here."""
        return self.custom_config(serializer_cls="PickleSerializer")

    # --- runners -------------------------------------------------------------------------------

    def thread_runner(self, min_threads: int = 1, max_threads: int = 0) -> Self:
        """Run tasks on threads of this process; ``max_threads`` 0 is one per CPU."""
        return self.custom_config(runner_cls="ThreadRunner", min_threads=min_threads, max_threads=max_threads)

    def multi_thread_runner(
        self, min_threads: int = 1, max_threads: int = 1, enforce_max_processes: bool = False
    ) -> Self:
        """Run tasks on threads of several processes, as many as the backlog needs."""
        return self.custom_config(
            runner_cls="MultiThreadRunner",
            min_threads=min_threads,
            max_threads=max_threads,
            enforce_max_processes=enforce_max_processes,
        )

    def persistent_process_runner(self, num_processes: int = 0) -> Self:
        """Run tasks in a fixed number of processes; 0 is one per CPU."""
        return self.custom_config(runner_cls="PersistentProcessRunner", num_processes=num_processes)

    def process_runner(self) -> Self:
        """Run each invocation in a process of its own."""
        return self.custom_config(runner_cls="ProcessRunner")

    def dummy_runner(self) -> Self:
        """Run nothing: for programs that only submit."""
        return self.custom_config(runner_cls="DummyRunner")

    def runner_tuning(
        self,
        runner_loop_sleep_time_sec: float = 0.01,
        invocation_wait_results_sleep_time_sec: float = 0.01,
        min_parallel_slots: int = 1,
    ) -> Self:
        """Set the upper bounds of a runner's sleeps and its least number of slots."""
        return self.custom_config(
            runner_loop_sleep_time_sec=runner_loop_sleep_time_sec,
            invocation_wait_results_sleep_time_sec=invocation_wait_results_sleep_time_sec,
            min_parallel_slots=min_parallel_slots,
        )

    # --- behaviour -----------------------------------------------------------------------------

    def dev_mode(self, force_sync_tasks: bool = True) -> Self:
        """Run every task at once, in the process that calls it."""
        return self.custom_config(dev_mode_force_sync_tasks=force_sync_tasks)

    def task_control(self, blocking_control: bool = False, queue_timeout_sec: float = 0.1) -> Self:
        """Choose whether awaited invocations run first; note that the default here switches it off."""
        return self.custom_config(blocking_control=blocking_control, queue_timeout_sec=queue_timeout_sec)

    def concurrency_control(
        self,
        running_concurrency: str | ConcurrencyControlType | None = None,
        registration_concurrency: str | ConcurrencyControlType | None = None,
    ) -> Self:
        """Set the concurrency control of tasks whose decorator names none."""
        given = {
            "running_concurrency": running_concurrency,
            "registration_concurrency": registration_concurrency,
        }
        return self.custom_config(
            **{
                name: ConcurrencyControlType(_choice(name, value, ConcurrencyControlType))
                for name, value in given.items()
                if value is not None
            }
        )

    def max_pending_seconds(self, seconds: float) -> Self:
        """Set how long a runner may hold work that it has not started."""
        return self.custom_config(max_pending_seconds=seconds)

    def trigger_task_modules(self, modules: Iterable[str]) -> Self:
        """Name the modules a runner imports at its start, for their triggers."""
        return self.custom_config(trigger_task_modules=frozenset(modules))

    # --- logging -------------------------------------------------------------------------------

    def logging(
        self,
        level: str | None = None,
        *,
        stream: Literal["stdout", "stderr"] | None = None,
        colors: bool | None = None,
        fmt: Literal["text", "json"] | None = None,
    ) -> Self:
        """Set what is given of level, stream, colours and format."""
        if level is not None:
            self.logging_level(level)
        if stream is not None:
            self.logging_stream(stream)
        if colors is not None:
            self.logging_colors(colors)
        return self if fmt is None else self.logging_format(fmt)

    def logging_level(self, level: str) -> Self:
        """Set the least severe level that is logged."""
        levels = ("debug", "info", "warning", "error", "critical")
        return self.custom_config(logging_level=_choice("logging_level", level, levels))

    def logging_stream(self, stream: Literal["stdout", "stderr"]) -> Self:
        """Set where log lines go."""
        return self.custom_config(log_stream=_choice("log_stream", stream, ("stdout", "stderr")))

    def logging_colors(self, use_colors: bool | None = None) -> Self:
        """Switch colours on or off; ``None`` colours what goes to a terminal."""
        return self.custom_config(log_use_colors=use_colors)

    def logging_format(self, fmt: Literal["text", "json"]) -> Self:
        """Choose the shape of log lines."""
        return self.custom_config(log_format=LogFormat(_choice("log_format", fmt, LogFormat)))

    def argument_print_mode(self, mode: str | ArgumentPrintMode, truncate_length: int = 32) -> Self:
        """Choose how much of a call's arguments is logged.

        Raises:
            ValueError: there is no such mode, or ``truncate_length`` is not positive.
        """
        chosen = ArgumentPrintMode(_choice("argument_print_mode", mode, ArgumentPrintMode))
        if truncate_length <= 0:
            raise ConfigError(f"truncate_length = {truncate_length}: it has to be greater than 0")
        return self.custom_config(
            argument_print_mode=chosen,
            truncate_arguments_length=truncate_length,
            print_arguments=chosen is not ArgumentPrintMode.HIDDEN,
        )

    def hide_arguments(self) -> Self:
        """Log no arguments."""
        return self.argument_print_mode(ArgumentPrintMode.HIDDEN)

    def show_argument_keys(self) -> Self:
        """Log the names of arguments."""
        return self.argument_print_mode(ArgumentPrintMode.KEYS)

    def show_full_arguments(self) -> Self:
        """Log arguments whole."""
        return self.argument_print_mode(ArgumentPrintMode.FULL)

    def show_truncated_arguments(self, truncate_length: int = 32) -> Self:
        """Log the beginning of each argument."""
        return self.argument_print_mode(ArgumentPrintMode.TRUNCATED, truncate_length)

    # --- the end -------------------------------------------------------------------------------

    def custom_config(self, **values: Any) -> Self:
        """Set any field by its name."""
        self._config.update(values)
        return self

    def build(self) -> Pynenc:
        """Make the app.

        Raises:
            ValueError: a plugin refuses the values, or memory is combined with other processes.
        """
        self._load_plugins()
        for validator in self._plugin_validators:
            try:
                validator(self._config)
            except ValueError as error:
                raise ConfigError(f"Plugin configuration validation failed: {error}") from error
        self._require_shared_memory()
        return Pynenc(config_values=dict(self._config))

    def _require_shared_memory(self) -> None:
        in_memory = [self._config[field] for field in _COMPONENTS if self._is_in_memory(field)]
        runner = str(self._config.get("runner_cls", "")).rpartition(".")[2]
        if (in_memory or self._using_memory_components) and runner in _PROCESS_RUNNERS:
            raise ConfigError(
                f"{runner} starts processes, which cannot see memory components ({', '.join(in_memory)}): "
                "use thread_runner(), or keep the data in sqlite() or a server"
            )

    def _is_in_memory(self, field: str) -> bool:
        return str(self._config.get(field, "")).startswith("Mem")


def _choice(name: str, value: str, choices: Iterable[str]) -> str:
    """Return the choice that ``value`` names in any case."""
    for choice in choices:
        if str(value).lower() == choice:
            return str(choice)
    raise ConfigError(f"{name} = {value!r}: allowed are {', '.join(choices)}")
