"""Tasks that are declared, called or not: by runners, by the code that this process has, and by what triggers run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pynenc import Pynenc
from pynenc.inspection import Setting, options_of, tasks_of
from pynenc.trigger.trigger_info import TriggerInfo
from pynenc.values.notes import KnownCode, KnownTask, RunnerNotes
from pynenc.values.runners import RunnerRecord


@dataclass(frozen=True, slots=True)
class Variant:
    """A task as some runners declare it, or this process does; secrets are masked."""

    place: str
    #: Names of its parameters. Defaults may be secrets.
    arguments: tuple[str, ...]
    #: Those that somebody set first.
    options: tuple[Setting, ...]
    #: None where it is this process that declares it.
    runners: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What is known of a task besides its invocations."""

    #: Whether this process has its code.
    is_here: bool
    triggers: tuple[TriggerInfo, ...]
    #: What most runners have comes first. Only without runners that said something it is what this process has.
    variants: tuple[Variant, ...] = ()
    #: Runners that do not declare it, of those that said what they do.
    missing: tuple[str, ...] = ()

    @property
    def is_disputed(self) -> bool:
        """Whether it matters which runner takes a call."""
        return len(self.variants) > 1

    @property
    def runners(self) -> int:
        """How many declare it."""
        return sum(len(one.runners or ()) for one in self.variants)


NOTHING = Declared(False, ())
_SILENT = RunnerNotes()
_DEFAULTS = {option.name: option.value for option in options_of({})}


def declared_by(
    app: Pynenc, triggers: Iterable[TriggerInfo], code: Mapping[str, KnownCode]
) -> Mapping[str, Declared]:
    """By task. Nothing is imported.

    Args:
        app: Whose code is looked at.
        triggers: All that are known.
        code: What runners have, by their ids.
    """
    by_task: dict[str, list[TriggerInfo]] = {}
    for trigger in triggers:
        by_task.setdefault(trigger.task_id, []).append(trigger)
    told: dict[str, dict[str, KnownTask]] = {}
    for runner_id, known in code.items():
        for task_id, of_task in known.tasks.items():
            told.setdefault(task_id, {})[runner_id] = of_task
    own = tasks_of(app)
    return {
        task_id: Declared(
            task_id in own,
            tuple(by_task.get(task_id, ())),
            _variants(told.get(task_id, {})) or ((_variant(own[task_id], None),) if task_id in own else ()),
            tuple(one for one in code if one not in told[task_id]) if task_id in told else (),
        )
        for task_id in own | told | by_task
    }


def nobody_has(
    tasks: Collection[str], alive: Sequence[RunnerRecord], notes: Mapping[str, RunnerNotes]
) -> set[str] | None:
    """The tasks that no runner declares; None where that cannot be told.

    Args:
        tasks: Those to look for.
        alive: The runners and workers that beat. Those that take nothing more do not count.
        notes: What they wrote down.
    """
    ids = {one.identity.runner_id for one in alive}
    # What a worker has, its supervisor says.
    heads = [one for one in alive if one.identity.parent_id not in ids and not one.drains]
    told = [notes.get(one.identity.runner_id, _SILENT).code for one in heads]
    if not told:
        return None
    found = set(tasks)
    for code in told:
        if code is None:
            return None
        found -= code.tasks.keys()
    return found


def _variants(told: Mapping[str, KnownTask]) -> tuple[Variant, ...]:
    alike: dict[object, list[str]] = {}
    for runner_id, task in told.items():
        # Calls are treated equally wherever a setting came from, and if it was given what it is anyway.
        values = frozenset(
            (name, given.value) for name, given in task.options.items() if given.value != _DEFAULTS.get(name)
        )
        alike.setdefault((task.arguments, values), []).append(runner_id)
    return tuple(_variant(told[ids[0]], tuple(ids)) for ids in sorted(alike.values(), key=len, reverse=True))


def _variant(task: KnownTask, runners: tuple[str, ...] | None) -> Variant:
    options = sorted(options_of(task.options), key=lambda one: one.origin == "default")
    return Variant(task.place, task.arguments, tuple(options), runners)
