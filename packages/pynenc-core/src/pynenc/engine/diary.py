"""Diary: what a runner writes down about itself when there is news, and how that is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pynenc.conf.config_base import ConfigBase
from pynenc.contracts.trigger import BaseTrigger
from pynenc.engine.components import Components
from pynenc.engine.registry import TaskDefinition, TaskRegistry
from pynenc.values.ids import RunnerId
from pynenc.values.notes import Given, KnownCode, KnownTask, Period, RunnerNotes
from pynenc.values.runners import LATE_BEATS, RunnerRecord

#: Scopes of the values of the trigger component; each runner has one value in each.
CODE, GAPS, TERMS = DIARY = ("code", "gaps", "terms")
#: Older ones are dropped.
_MOST_GAPS, _MOST_TERMS = 100, 20

_T = TypeVar("_T")
_Otherwise = TypeVar("_Otherwise")


class Diary:
    """Of one runner, whose sweeper shows it the rows of all; without news nothing is written.

    Args:
        components: Of the app.
        registry: The tasks of this process.
        runner_id: The runner.
        leads: Whether it is the one that sweeps.
        conf: Its settings.
    """

    def __init__(
        self,
        components: Components,
        registry: TaskRegistry,
        runner_id: RunnerId,
        leads: Callable[[], bool],
        conf: ConfigBase,
    ) -> None:
        self._components = components
        self._registry = registry
        self._runner_id = runner_id
        self._leads = leads
        self._conf = conf
        self._interval = components.conf.heartbeat_interval_seconds
        self._seen: RunnerRecord | None = None
        self._gaps: tuple[Period, ...] = ()
        self._terms: tuple[Period, ...] = ()
        #: When it was known to lead last.
        self._led_at = 0.0
        self._number_of_tasks = -1
        self._pages: dict[str, str] = {}
        self._written: dict[str, str] = {}

    def note(self, rows: Sequence[RunnerRecord]) -> None:
        """Write down what is new.

        Args:
            rows: The runners that live, as they are now.

        Raises:
            StoreError: the store did not take it; the next call tries again.
        """
        # Before the question, so that a term ends here before another one can begin.
        now = self._components.orchestrator.store.now()
        leads = self._leads()
        if len(self._registry.tasks) != self._number_of_tasks:
            self._number_of_tasks = len(self._registry.tasks)
            code = KnownCode(version("pynenc-core"), _given(self._conf), known_tasks(self._registry))
            self._pages[CODE] = _text(_code(), code)
        own = next((row for row in rows if row.identity.runner_id == self._runner_id), None)
        if own is not None and self._finds_gap(own):
            self._pages[GAPS] = _text(_periods(), self._gaps)
        if self._finds_term(now, leads=leads):
            self._pages[TERMS] = _text(_periods(), self._terms)
        self._write()

    def _finds_gap(self, own: RunnerRecord) -> bool:
        seen, self._seen = self._seen, own
        if seen is None or own.beats <= seen.beats:
            return False
        # If all of these beats but one came in time.
        silence = own.last_beat_at - seen.last_beat_at - (own.beats - seen.beats - 1) * self._interval
        if silence <= LATE_BEATS * self._interval:
            return False
        gap = Period(seen.last_beat_at, seen.last_beat_at + silence)
        self._gaps = (*self._gaps, gap)[-_MOST_GAPS:]
        return True

    def _finds_term(self, now: float, *, leads: bool) -> bool:
        is_open = bool(self._terms) and self._terms[-1].until is None
        if leads:
            self._led_at = now
        if leads == is_open:
            return False
        if leads:
            self._terms = (*self._terms, Period(now, None))[-_MOST_TERMS:]
        else:
            self._terms = (*self._terms[:-1], Period(self._terms[-1].since, self._led_at))
        return True

    def _write(self) -> None:
        news = {scope: text for scope, text in self._pages.items() if text != self._written.get(scope)}
        if not news:
            return
        gone = {} if self._written else self._of_forgotten()
        for scope, text in news.items():
            self._components.trigger.set_values(scope, {self._runner_id: text})
            self._written[scope] = text
        for scope, names in gone.items():
            self._components.trigger.set_values(scope, dict.fromkeys(names))

    def _of_forgotten(self) -> dict[str, set[str]]:
        """By scope: runners that wrote something, and whose rows are not kept any more."""
        rows = self._components.orchestrator.list_runners(include_stopped=True)
        kept = {str(row.identity.runner_id) for row in rows}
        stored = self._components.trigger.get_values(DIARY)
        return {scope: gone for scope, named in stored.items() if (gone := named.keys() - kept)}


def read_diaries(trigger: BaseTrigger) -> dict[str, RunnerNotes]:
    """What runners wrote, by their ids; what cannot be read is left out."""
    stored = trigger.get_values(DIARY)
    return {
        name: RunnerNotes(
            _value(_code(), stored[CODE].get(name), None),
            _value(_periods(), stored[GAPS].get(name), ()),
            _value(_periods(), stored[TERMS].get(name), ()),
        )
        for name in {name for named in stored.values() for name in named}
    }


def known_tasks(registry: TaskRegistry) -> dict[str, KnownTask]:
    """The tasks of this process, as runners tell of theirs."""
    return {
        key: KnownTask(_place(task), tuple(task.signature.parameters), _given(task.conf))
        for key, task in list(registry.tasks.items())
    }


def _given(conf: ConfigBase) -> dict[str, Given]:
    names = [name for name in type(conf).model_fields if conf.origin(name) != "default"]
    return {name: Given(conf.display(name), conf.origin(name)) for name in names}


def _place(task: TaskDefinition) -> str:
    code = getattr(task.func, "__code__", None)
    return f"{task.task_id.module}, line {code.co_firstlineno}" if code else task.task_id.module


# Made when they are needed: to make them takes a tenth of what the start of an app does.


@cache
def _code() -> TypeAdapter[KnownCode]:
    return TypeAdapter(KnownCode)


@cache
def _periods() -> TypeAdapter[tuple[Period, ...]]:
    return TypeAdapter(tuple[Period, ...])


def _text(kind: TypeAdapter[Any], value: object) -> str:
    return kind.dump_json(value).decode()


def _value(kind: TypeAdapter[_T], text: str | None, otherwise: _Otherwise) -> _T | _Otherwise:
    try:
        return otherwise if text is None else kind.validate_json(text)
    except ValidationError:
        return otherwise
