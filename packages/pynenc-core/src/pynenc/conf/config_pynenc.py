"""Settings of an app as a whole."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.field_types import Minutes, Seconds


class ArgumentPrintMode(StrEnum):
    """How much of a call's arguments is written to logs."""

    FULL = "full"
    KEYS = "keys"
    TRUNCATED = "truncated"
    HIDDEN = "hidden"


class LogFormat(StrEnum):
    """The shape of a log line."""

    TEXT = "text"
    JSON = "json"


def _check_signing_key(entry: SecretStr) -> SecretStr:
    name, separator, key = entry.get_secret_value().partition(":")
    if not (name and separator and key):
        raise ValueError("expected 'name:key'")
    return entry


#: One key as "name:key".
SigningKey = Annotated[SecretStr, AfterValidator(_check_signing_key)]


class ConfigPynenc(ConfigBase):
    """Identity, component classes, logging and the timing of recovery."""

    app_id: str = Field(
        "pynenc", min_length=1, max_length=200, description="Namespace of everything the app stores."
    )
    orchestrator_cls: str = Field(
        "MemOrchestrator", description="Class of the orchestrator: its name or dotted path."
    )
    broker_cls: str = Field("MemBroker", description="Class of the broker: its name or dotted path.")
    state_backend_cls: str = Field(
        "MemStateBackend", description="Class of the state backend: its name or dotted path."
    )
    trigger_cls: str = Field(
        "MemTrigger", description="Class of the trigger component: its name or dotted path."
    )
    client_data_store_cls: str = Field(
        "MemClientDataStore", description="Class of the client data store: its name or dotted path."
    )
    serializer_cls: str = Field(
        "JsonSerializer", description="Class of the serializer: its name or dotted path."
    )
    runner_cls: str = Field("DummyRunner", description="Class of the runner: its name or dotted path.")

    task_modules: tuple[str, ...] = Field(
        (), description="Modules a runner imports at its start, for their tasks."
    )
    trigger_task_modules: frozenset[str] = Field(
        frozenset(), description="Modules a runner imports at its start, for their triggers."
    )
    dev_mode_force_sync_tasks: bool = Field(
        False, description="Run every task at once, in the process that calls it."
    )
    signing_keys: tuple[SigningKey, ...] = Field(
        (), description="Keys of payload signatures as 'name:key'; the first one signs, all of them verify."
    )

    logging_level: Literal["debug", "info", "warning", "error", "critical"] = Field(
        "info", description="Least severe level that is logged."
    )
    log_stream: Literal["stderr", "stdout"] = Field("stderr", description="Where log lines go.")
    log_format: LogFormat = Field(LogFormat.TEXT, description="Log lines as text or as JSON.")
    log_use_colors: bool | None = Field(
        None, description="Colour log lines; when unset, if they go to a terminal."
    )
    compact_log_context: bool = Field(True, description="Shorten the ids in front of a log line.")
    print_arguments: bool = Field(False, description="Log the arguments of calls; they may hold secrets.")
    argument_print_mode: ArgumentPrintMode = Field(
        ArgumentPrintMode.TRUNCATED, description="How arguments are logged, where print_arguments is on."
    )
    truncate_arguments_length: int = Field(
        32, ge=1, le=1_000_000, description="Characters shown of each argument in mode 'truncated'."
    )

    heartbeat_interval_seconds: Seconds = Field(
        1.0, ge=0.01, le=3600, description="How often a runner says that it is alive."
    )
    runner_considered_dead_after_minutes: Minutes = Field(
        0.1, gt=0, le=10_080, description="Silence after which a runner is dead and its work is recovered."
    )
    max_pending_seconds: Seconds = Field(
        5.0, gt=0, description="How long a runner may hold work that it has not started."
    )
    sweep_interval_seconds: Seconds = Field(
        2.0,
        ge=0.01,
        le=86_400,
        description="How often one runner looks for work to recover or to announce again.",
    )
    lease_seconds: Seconds = Field(
        3.0, ge=0.05, le=3600, description="How long the runner that sweeps stays elected without renewal."
    )
    max_recoveries: int = Field(
        3,
        ge=0,
        le=10_000,
        description="Deaths of its worker after which an invocation fails with WorkerLostError.",
    )
    unknown_task_timeout_seconds: Seconds = Field(
        3600, description="How long an invocation waits for a runner that knows its task before it fails."
    )
    publish_timeout_seconds: Seconds = Field(
        5.0, description="How long a call waits for the broker; the invocation is kept and announced later."
    )
    shutdown_grace_seconds: Seconds = Field(
        30.0, description="How long a stopping runner lets running tasks finish before it hands them back."
    )
    max_parked_invocations: int = Field(
        48,
        ge=1,
        le=10_000,
        description="Invocations per process that may wait for results on a thread of their own.",
    )
    max_help_depth: int = Field(
        24,
        ge=0,
        le=200,
        description="How deep a waiting worker may run awaited invocations inside each other.",
    )
    max_workflow_operations: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="How many operations one workflow may record; each attempt reads all of them.",
    )
    cached_status_time: Seconds = Field(
        0.1, le=3600, description="How old a status that is not final may be when it is shown."
    )

    atomic_service_interval_minutes: Minutes = Field(
        5.0, gt=0, description="Upper bound of the time between two full sweeps."
    )
    atomic_service_spread_margin_minutes: Minutes = Field(
        1.0, description="Accepted; the election needs no margin."
    )
    atomic_service_check_interval_minutes: Minutes = Field(
        0.5, gt=0, description="Upper bound of the time between two attempts to be the runner that sweeps."
    )
    atomic_service_max_start_slot_fraction: float = Field(
        0.5, gt=0, le=1, description="Accepted; the election has no slots."
    )
    atomic_service_membership_stabilization_minutes: Minutes = Field(
        0.0, description="Accepted; the election needs no quiet time."
    )
    atomic_service_min_run_margin_seconds: Seconds = Field(
        0.05, description="Accepted; the election needs no margin."
    )
    atomic_service_execution_retention_minutes: Minutes = Field(
        60.0, description="How long records of sweeps are kept."
    )
    atomic_service_execution_max_records: int = Field(
        1000, ge=0, le=1_000_000, description="How many records of sweeps are kept."
    )
    recover_pending_invocations_cron: str = Field(
        "*/5 * * * *", description="Accepted; sweep_interval_seconds decides."
    )
    recover_running_invocations_cron: str = Field(
        "*/15 * * * *", description="Accepted; sweep_interval_seconds decides."
    )
