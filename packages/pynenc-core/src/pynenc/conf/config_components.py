"""Settings of the components that store an app's data; the classes of a backend inherit from these."""

from __future__ import annotations

from pydantic import Field

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.field_types import Hours, Seconds


class ConfigBroker(ConfigBase):
    """Settings of every broker."""

    queue_timeout_sec: Seconds = Field(
        0.1, le=3600, description="Upper bound of one blocking read of the queue."
    )


class ConfigOrchestrator(ConfigBase):
    """Settings of every orchestrator."""

    blocking_control: bool = Field(True, description="Run first what other invocations wait for.")
    auto_final_invocation_purge_hours: Hours = Field(
        168.0, description="Age at which finished invocations are deleted; 0 keeps them forever."
    )


class ConfigStateBackend(ConfigBase):
    """Settings of every state backend."""


class ConfigTrigger(ConfigBase):
    """Settings of every trigger component."""

    scheduler_interval_seconds: Seconds = Field(
        60.0, gt=0, description="Upper bound of the time between two looks at what is due."
    )
    enable_scheduler: bool = Field(True, description="Let this app's runners fire cron triggers.")
    max_events_batch_size: int = Field(
        100, ge=1, le=100_000, description="Recorded occurrences that are matched in one step."
    )
    max_trigger_depth: int = Field(
        50, ge=1, le=100_000, description="Triggers in a row that may have set each other off."
    )
    event_retention_days: float = Field(
        7.0,
        ge=0,
        le=3660,
        description="How long events, runs of triggers and halves of combined conditions are kept; 0 is forever.",
    )


class ConfigClientDataStore(ConfigBase):
    """Settings of every client data store."""

    disable_client_data_store: bool = Field(False, description="Keep every argument and result inline.")
    min_size_to_cache: int = Field(
        1024,
        ge=0,
        le=2**31,
        description="Serialized values of at least this many characters go to the store.",
    )
    max_size_to_cache: int = Field(
        0, ge=0, le=2**40, description="Larger serialized values stay inline; 0 sets no limit."
    )
    local_cache_size: int = Field(
        1024, ge=0, le=10_000_000, description="Values that a process keeps in memory."
    )
    warn_threshold: int = Field(
        10_485_760,
        ge=0,
        le=2**40,
        description="Serialized values above this many characters are warned about.",
    )
    compression_enabled: bool = Field(False, description="Compress what goes to the store.")
