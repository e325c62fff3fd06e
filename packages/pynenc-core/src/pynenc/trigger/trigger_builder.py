"""TriggerBuilder: the fluent way to say when a task is run by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from pynenc.exceptions import TriggerError
from pynenc.trigger.arguments.argument_filters import make_filter
from pynenc.trigger.arguments.argument_providers import (
    ArgumentProvider,
    ContextArgumentProvider,
    StaticArgumentProvider,
    TriggerContextArgumentProvider,
)
from pynenc.trigger.arguments.result_filter import make_result_filter
from pynenc.trigger.conditions import (
    CompositeCondition,
    CompositeLogic,
    CronCondition,
    EventCondition,
    EventContext,
    ExceptionCondition,
    ExceptionContext,
    ResultCondition,
    ResultContext,
    StatusCondition,
    StatusContext,
    TriggerCondition,
)
from pynenc.trigger.conditions.base import HasTaskId, task_key_of
from pynenc.trigger.conditions.exception import make_exception_types
from pynenc.trigger.conditions.status import make_statuses
from pynenc.trigger.definition import TriggerDefinition, TriggerDefinitionId
from pynenc.trigger.trigger_context import TriggerContext
from pynenc.values.status import InvocationStatus

Filter = Mapping[str, Any] | Callable[[dict[str, Any]], bool] | None
Statuses = InvocationStatus | str | Iterable[InvocationStatus | str]


class TriggerBuilder:
    """Collects conditions and arguments; every method returns the builder.

    Without arguments the task is called with none. Of several providers the first that succeeds is taken.

    Args:
        name: Names the trigger among those of its task; its place in the list otherwise. A name keeps what a
            trigger remembers when others are added before it.

    Example::

        @app.task(triggers=TriggerBuilder().on_result(load).with_args_from_result(rows_of))
        def clean(rows: list[str]) -> None: ...
    """

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not name or "#" in name or not name.isprintable()):
            raise TriggerError(f"{name!r} cannot name a trigger: use printable characters except '#'")
        self._name = name
        self._conditions: list[TriggerCondition] = []
        self._logic = CompositeLogic.AND
        self._providers: list[ArgumentProvider] = []
        self._ttl_seconds = 86_400.0

    # -- conditions -----------------------------------------------------------------------------------

    def on_cron(self, cron_expression: str, **options: Any) -> Self:
        """At the times of a cron expression: 5 fields, or 6 with seconds first.

        Args:
            cron_expression: For example ``*/15 8-17 * * mon-fri``.
            options: ``timezone``, ``misfire``, ``max_missed``, ``misfire_grace_seconds``, ``overlap`` and
                ``jitter_seconds`` of ``CronCondition``.

        Raises:
            InvalidScheduleError: the expression or the zone is wrong; the message names the field.
        """
        return self.add_condition(CronCondition(cron_expression, **options))

    def on_event(self, event_code: str, payload_filter: Filter = None) -> Self:
        """When an event of this code is emitted, with these values in its payload or as a function wants it."""
        if not isinstance(event_code, str) or not event_code:
            raise TriggerError(f"an event has a code, a text that is not empty, not {event_code!r:.80}")
        return self.add_condition(EventCondition(event_code, make_filter(payload_filter)))

    def on_status(
        self,
        task: HasTaskId | str,
        statuses: Statuses = InvocationStatus.SUCCESS,
        call_arguments: Filter = None,
    ) -> Self:
        """When an invocation of ``task`` enters one of these statuses."""
        wanted = make_statuses(statuses)
        return self.add_condition(StatusCondition(task_key_of(task), wanted, make_filter(call_arguments)))

    def on_any_result(self, task: HasTaskId | str, call_arguments: Filter = None) -> Self:
        """When an invocation of ``task`` succeeds, whatever its result."""
        return self.add_condition(ResultCondition(task_key_of(task), make_filter(call_arguments)))

    def on_result(self, task: HasTaskId | str, filter_result: Any, call_arguments: Filter = None) -> Self:
        """When an invocation of ``task`` returns an equal value, or one for which a function returns True."""
        condition = ResultCondition(
            task_key_of(task), make_filter(call_arguments), make_result_filter(filter_result)
        )
        return self.add_condition(condition)

    def on_exception(
        self,
        task: HasTaskId | str,
        exception_types: Any = None,
        call_arguments: Filter = None,
    ) -> Self:
        """When an invocation of ``task`` fails for good, with one of these classes (or their names) or any.

        A class means exactly this class: of the classes of failures stores know the names only.
        """
        names = make_exception_types(exception_types)
        return self.add_condition(ExceptionCondition(task_key_of(task), names, make_filter(call_arguments)))

    def add_condition(self, condition: TriggerCondition) -> Self:
        """Any condition."""
        if not isinstance(condition, TriggerCondition):
            raise TriggerError(f"a condition is a TriggerCondition, not {condition!r:.80}")
        if isinstance(condition, CompositeCondition):
            self._logic = condition.logic
            self._conditions.extend(condition.conditions)
        else:
            self._conditions.append(condition)
        return self

    def with_logic(self, logic: CompositeLogic | str, *, ttl_seconds: float = 86_400.0) -> Self:
        """Whether a run needs an occurrence of each condition (``"and"``, the default) or of any (``"or"``).

        Args:
            logic: How the conditions are combined.
            ttl_seconds: With ``"and"``: how long an occurrence waits for the others; a day.
        """
        try:
            self._logic = CompositeLogic(str(logic).lower())
        except ValueError:
            raise TriggerError(f"conditions are combined by 'and' or 'or', not {logic!r}") from None
        if not ttl_seconds > 0:
            raise TriggerError(f"ttl_seconds must be larger than 0, not {ttl_seconds!r}")
        self._ttl_seconds = float(ttl_seconds)
        return self

    # -- arguments ------------------------------------------------------------------------------------

    def with_args_static(self, arguments: Mapping[str, Any]) -> Self:
        """The same arguments for each run."""
        return self.with_args_provider(StaticArgumentProvider(arguments))

    with_arguments = with_args_static

    def with_args_from_event(self, provider: Callable[[EventContext], Mapping[str, Any]]) -> Self:
        """What a function makes of the event."""
        return self.with_args_provider(ContextArgumentProvider(EventContext, provider))

    def with_args_from_status(self, provider: Callable[[StatusContext], Mapping[str, Any]]) -> Self:
        """What a function makes of the status."""
        return self.with_args_provider(ContextArgumentProvider(StatusContext, provider))

    def with_args_from_result(self, provider: Callable[[ResultContext], Mapping[str, Any]]) -> Self:
        """What a function makes of the result."""
        return self.with_args_provider(ContextArgumentProvider(ResultContext, provider))

    def with_args_from_exception(self, provider: Callable[[ExceptionContext], Mapping[str, Any]]) -> Self:
        """What a function makes of the failure."""
        return self.with_args_provider(ContextArgumentProvider(ExceptionContext, provider))

    def with_args_from_trigger_context(self, provider: Callable[[TriggerContext], Mapping[str, Any]]) -> Self:
        """What a function makes of everything that led to the run."""
        return self.with_args_provider(TriggerContextArgumentProvider(provider))

    def with_args_provider(self, provider: ArgumentProvider) -> Self:
        """Any provider."""
        if not isinstance(provider, ArgumentProvider):
            raise TriggerError(f"an argument provider is an ArgumentProvider, not {provider!r:.80}")
        self._providers.append(provider)
        return self

    # -- the end --------------------------------------------------------------------------------------

    def build(self, task_id: HasTaskId | str, ordinal: int = 1) -> TriggerDefinition:
        """The trigger of a task.

        Args:
            task_id: The task that it runs.
            ordinal: Its place among the triggers of the task; names it when it has no name.

        Raises:
            TriggerError: it has no condition.
        """
        key = task_key_of(task_id)
        return TriggerDefinition(
            trigger_id=TriggerDefinitionId(f"{key}#{self._name or ordinal}"),
            task_id=key,
            condition=CompositeCondition(self._conditions, self._logic),
            providers=tuple(self._providers),
            ttl_seconds=self._ttl_seconds,
        )


def on_cron(cron_expression: str, **options: Any) -> TriggerBuilder:
    """A builder that begins with a schedule; see ``TriggerBuilder.on_cron``."""
    return TriggerBuilder().on_cron(cron_expression, **options)


def on_event(event_code: str, required_params: Filter = None) -> TriggerBuilder:
    """A builder that begins with an event; see ``TriggerBuilder.on_event``."""
    return TriggerBuilder().on_event(event_code, required_params)


def on_status(
    task: HasTaskId | str, statuses: Statuses = InvocationStatus.SUCCESS, call_arguments: Filter = None
) -> TriggerBuilder:
    """A builder that begins with the status of a task; see ``TriggerBuilder.on_status``."""
    return TriggerBuilder().on_status(task, statuses, call_arguments)


def build_all(task_id: str, given: object) -> tuple[TriggerDefinition, ...]:
    """What ``@app.task(triggers=…)`` was given: a builder, or several.

    Raises:
        TriggerError: it is something else, or two have one name.
    """
    builders = [given] if isinstance(given, TriggerBuilder) else given
    if not isinstance(builders, Iterable) or isinstance(builders, (str, Mapping)):
        raise TriggerError(
            f"triggers of task '{task_id}' are a TriggerBuilder or a list of them, not {given!r:.80}"
        )
    built: dict[str, TriggerDefinition] = {}
    for ordinal, builder in enumerate(builders, 1):
        if not isinstance(builder, TriggerBuilder):
            raise TriggerError(f"trigger {ordinal} of task '{task_id}' is no TriggerBuilder: {builder!r:.80}")
        definition = builder.build(task_id, ordinal)
        if definition.trigger_id in built:
            raise TriggerError(f"two triggers of task '{task_id}' are named '{definition.trigger_id}'")
        built[definition.trigger_id] = definition
    return tuple(built.values())
