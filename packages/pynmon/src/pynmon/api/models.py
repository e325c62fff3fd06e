"""What the JSON API answers with; FastAPI makes its OpenAPI description of these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pynenc.values.records import OutcomeKind
from pynenc.values.status import InvocationStatus
from pynmon.acknowledged import KindState
from pynmon.bulk.jobs import JobState
from pynmon.bulk.scope import BulkAction
from pynmon.health import RunnerState
from pynmon.schedules import TriggerState


def _encodable(text: object) -> object:
    """Half a character, which a task may well be called with, has no encoding: it is written as its code."""
    return text.encode("utf-8", "backslashreplace").decode() if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(_encodable)]


class _Model(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Progress(_Model):
    """How many of the calls of an open run have ended."""

    total: int
    succeeded: int
    failed: int
    is_cut: bool = Field(description="Whether there are more calls than were looked at: the first ones.")


class Outcome(_Model):
    """What the last attempt produced; its payload is not decoded."""

    kind: OutcomeKind
    preview: Text
    size_bytes: int
    error_type: Text | None
    error_msg: Text | None
    fingerprint: str | None


class Invocation(_Model):
    """One invocation. Instants are of the store's clock."""

    invocation_id: str
    task_id: Text
    status: InvocationStatus
    status_at: datetime
    parent_id: str | None
    root_id: str
    depth: int
    workflow_id: str | None
    workflow_type: Text | None
    created_at: datetime
    available_at: datetime = Field(description="When it became, or will become, claimable for the last time.")
    pending_at: datetime | None = Field(description="Last claim.")
    started_at: datetime | None = Field(description="Last start.")
    ended_at: datetime | None
    epoch: int = Field(description="Number of claims.")
    retries: int
    recoveries: int
    runner_id: Text | None = Field(description="Who owns it, or owned it last.")
    host: Text | None
    runner_cls: Text | None
    args_preview: Text
    args_bytes: int
    outcome: Outcome | None
    rerun_of: str | None
    trigger_id: Text | None


class InvocationPage(_Model):
    """A part of a list; it may be short although there is more."""

    invocations: list[Invocation]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class RunPage(InvocationPage):
    """Runs of workflows."""

    progress: dict[str, Progress] = Field(
        description="Of those runs that are open and were called by no other."
    )


class HistoryEntry(_Model):
    """A status that an invocation entered."""

    seq: int
    status: InvocationStatus
    at: datetime
    runner_id: Text | None
    reason: Text


class Merges(_Model):
    """Calls that registration concurrency merged into an invocation that waited."""

    calls: int = Field(description="For which it was reused, besides its own.")
    dropped: int = Field(description="How many of them had other arguments, which were dropped.")
    last_at: datetime


class InvocationDetail(_Model):
    """An invocation with everything that happened to it."""

    invocation: Invocation
    history: list[HistoryEntry]
    waits_for: list[str] = Field(description="Invocations whose results it waits for now; at most 100.")
    waited_for_by: list[str] = Field(description="Those that wait for it now; at most 100.")
    merges: Merges | None = Field(description="Null when it stands for no other call.")


class Task(_Model):
    """How many invocations of a task rest in each status; those that are missing are 0."""

    task_id: Text
    counts: dict[InvocationStatus, int]
    is_known: bool = Field(description="Whether the code that the monitor has loaded has it.")
    runners: int = Field(description="Living runners that declare it; without any, the last one counts.")
    is_disputed: bool = Field(description="Whether they differ in its options or parameters.")
    triggers: list[Text] = Field(description="Of those that run it by itself.")


class TaskList(_Model):
    """Every task that the store has seen, or that is declared."""

    tasks: list[Task]


class Spread(_Model):
    """Seconds."""

    p50: float | None
    p95: float | None
    p99: float | None
    longest: float | None


class Figures(_Model):
    """What became of the invocations that ended in a window."""

    total: int
    succeeded: int
    failed: int
    wait: Spread
    run: Spread
    last_end: datetime | None


class TaskVariant(_Model):
    """A task as some runners declare it, all alike."""

    runners: list[Text] | None = Field(
        description="Null: no runner said anything, it is as the process of the monitor has it."
    )
    options: dict[str, Text]


class TaskDetail(_Model):
    """A task with its figures."""

    task: Task
    variants: list[TaskVariant] = Field(description="That of most runners first.")
    window_seconds: float
    is_cut: bool = Field(description="Whether only a part of the window was looked at: the latest.")
    figures: Figures


class WorkflowDetail(_Model):
    """A run of a workflow, and what it called; the oldest first."""

    run: Invocation
    members: list[Invocation]
    is_cut: bool = Field(description="Whether there are more members.")


class Runner(_Model):
    """A runner or worker, also after its end."""

    runner_id: Text
    parent_id: Text | None = Field(description="The supervisor of a worker.")
    runner_cls: Text
    host: Text
    pid: int
    slots: int = Field(
        description="Invocations that it runs at a time, those of async def tasks not counted."
    )
    state: RunnerState
    started_at: datetime
    beats: int
    last_beat_at: datetime
    stopped_at: datetime | None
    stop_reason: Text
    drains: bool = Field(description="Whether it was asked to take nothing more.")


class Leader(_Model):
    """The runner that puts right what dead ones leave behind."""

    holder: Text
    until: datetime = Field(
        description="The end of its lease unless it renews it; nobody leads once that has come."
    )


class RunnerList(_Model):
    """Those that live, then the latest of the others."""

    runners: list[Runner]
    leader: Leader | None
    is_cut: bool = Field(description="Whether there are more.")


class Period(_Model):
    """A stretch of time."""

    since: datetime
    until: datetime | None = Field(description="Null while it goes on, as far as it was written down.")


class RunnerDetail(_Model):
    """A runner, what it owns, and what it wrote down about itself."""

    runner: Runner
    owned: list[Invocation]
    version: Text | None = Field(description="Of pynenc-core; null where it said nothing.")
    tasks: list[Text] = Field(description="That its code declares.")
    gaps: list[Period] = Field(description="When it lived and did not beat, those that are over.")
    terms: list[Period] = Field(description="When it had the lease to put right what dead ones leave behind.")


class Made(_Model):
    """What an action was about, or what it made."""

    invocation_id: str


class Done(_Model):
    """It was carried out."""

    done: bool = True


class Recovered(_Model):
    """What a runner had in hand."""

    number: int = Field(description="Invocations that changed hands.")


class BulkPreview(_Model):
    """What a bulk action would do now."""

    scope: Text = Field(description="What it is about, in words.")
    until: float = Field(description="By the store's clock: what is registered later is left alone.")
    expected: str = Field(description="To be confirmed: a number, with a plus when there may be more.")
    eligible: int
    refused: dict[str, int] = Field(description="What would be left alone, by reason.")
    is_exact: bool


class BulkJob(_Model):
    """A bulk action, and how far it is."""

    job_id: str
    action: BulkAction
    scope: Text
    state: JobState
    limit: int
    looked_at: int
    done: int
    refused: dict[str, int]
    latest: list[str] = Field(description="What came of it last: the cancelled ones, or the new ones.")
    problem: str


class FailureKind(_Model):
    """One exception at one place of the code."""

    fingerprint: str | None
    state: KindState = Field(description="Whether somebody knows it.")
    error_type: Text | None
    number: int
    first_at: datetime = Field(description="Of those in the window.")
    last_at: datetime
    latest: str = Field(description="The invocation that failed so last.")
    tasks: dict[Text, int]


class FailureList(_Model):
    """What failed in a window."""

    window_seconds: float
    is_cut: bool = Field(description="Whether more failed in the window than was looked at.")
    kinds: list[FailureKind]


class ArgumentValues(_Model):
    """What an argument was."""

    name: Text
    number: int = Field(description="Calls that have it.")
    different: int = Field(description="How many values differ.")
    values: dict[Text, int] = Field(description="The most frequent ones, of those that several calls have.")


class FailureDetail(_Model):
    """One kind: the latest that failed so."""

    fingerprint: str
    latest: list[Invocation]
    arguments: list[ArgumentValues]


class Schedule(_Model):
    """One trigger."""

    trigger_id: Text
    task_id: Text
    text: Text = Field(description="What it reacts to.")
    words: list[Text] = Field(description="Its schedules in English, as far as they can be told so.")
    state: TriggerState
    next_at: datetime | None = Field(
        description="Due next; null without a schedule, or while it does not react."
    )
    latest_at: datetime | None = Field(description="When it ran last.")
    late_seconds: float | None = Field(description="By how much that run came after its time.")


class ScheduleList(_Model):
    """Every trigger; what is due next comes first."""

    schedules: list[Schedule]


class ScheduleRun(_Model):
    """What became of one time, or of what happened."""

    at: datetime
    invocation_id: str | None = Field(description="What was registered.")
    error: Text = Field(description="The last line of what failed instead; empty otherwise.")
    late_seconds: float | None


class ScheduleDetail(_Model):
    """A trigger, its latest runs, and when it would be due."""

    schedule: Schedule
    runs: list[ScheduleRun]
    due: list[datetime] = Field(
        description="As many times as were asked for, after the instant that was asked for."
    )
    missed: list[datetime] = Field(
        description="Due since the oldest of these runs, and not run; latest first."
    )
