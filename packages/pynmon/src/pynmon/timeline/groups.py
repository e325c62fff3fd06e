"""What the lanes and the colours of a timeline stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord
from pynenc.values.runners import RunnerRecord
from pynenc.values.status import InvocationStatus
from pynmon.presentation.statuses import LOOKS
from pynmon.presentation.texts import duration, id_tail, short_id
from pynmon.timeline.spans import HELD, Span

#: Of tasks or workflows so many have a colour of their own.
HUES = 6
#: Ends of the first, second and third colour of durations: so many of a hundred take no longer.
_QUANTILES = (50, 90, 99)
#: What no id of a runner begins with, so that addresses tell a heading from a lane.
MARK = "@"
_ATTEMPTS = ("first attempt", "second", "third", "later")


class LanesBy(StrEnum):
    """What has a lane of its own."""

    RUNNER = "runner"
    TASK = "task"
    WORKFLOW = "workflow"
    INVOCATION = "invocation"


class ColourBy(StrEnum):
    """What has a colour of its own."""

    OUTCOME = "outcome"
    TASK = "task"
    WORKFLOW = "workflow"
    DURATION = "duration"
    STATUS = "status"
    ATTEMPT = "attempt"


class Label(NamedTuple):
    """What one lane, or colour, is called."""

    #: What its page is found by; empty for what has none.
    key: str
    word: str
    #: The part of an id that tells it from others with the same word.
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One lane before it is drawn."""

    label: Label
    spans: list[Span]
    is_pinned: bool = False
    is_folded: bool = False
    #: Of a runner: where it belongs, the widest first.
    path: tuple[Label, ...] = ()
    #: Which of that begins above it, and below how many headings it is.
    headings: tuple[Label, ...] = ()
    depth: int = 0
    #: Keys of the lanes that it stands for, if it does for others.
    members: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all that is on it."""
        return self.members or (self.label.key,)


class Arrangement(NamedTuple):
    """What somebody did with the lanes, by their keys."""

    #: They come first.
    pins: frozenset[str] = frozenset()
    #: They are as low as one row.
    folds: frozenset[str] = frozenset()
    #: So many of the others are left out before the first that is shown.
    skip: int = 0

    def of(self, names: Sequence[str]) -> list[str]:
        """The names of lanes in the order in which they are shown, without those that come before."""
        others = [name for name in names if name not in self.pins]
        return [*(name for name in names if name in self.pins), *others[self.skip :]]


def arranged(groups: Sequence[Group], how: Arrangement) -> list[Group]:
    """Lanes as somebody wants them."""
    by_key = {group.label.key: group for group in groups}
    return [
        replace(by_key[key], is_pinned=key in how.pins, is_folded=key in how.folds or by_key[key].is_folded)
        for key in how.of([*by_key])
    ]


Records = Mapping[InvocationId, InvocationRecord]
Runners = Mapping[str, RunnerRecord]


def grouped(by: LanesBy, spans: Iterable[Span], runners: Runners, records: Records) -> list[Group]:
    """Spans by what their lanes stand for, in the order of the lanes.

    Args:
        by: What the lanes stand for.
        spans: In any order.
        runners: The records of their runners, for lanes of runners.
        records: Those of their invocations, for lanes of workflows.
    """
    get = key_of(by, records)
    found: dict[str, list[Span]] = {}
    for span in spans:
        found.setdefault(get(span), []).append(span)
    if by is LanesBy.RUNNER:
        names = sorted(found, key=lambda name: place_of(name, runners.get(name)))
    elif by is LanesBy.TASK:
        names = sorted(found)
    else:
        names = sorted(found, key=lambda name: min(span.begin for span in found[name]))
    types = {str(one.workflow_id): one.workflow_type or "" for one in records.values()}
    return [
        Group(
            label_of(by, name, runners.get(name), types.get(name) or found[name][0].task_id),
            found[name],
            path=path_of(runners.get(name)),
        )
        for name in names
    ]


def label_of(
    by: LanesBy | ColourBy, name: str, runner: RunnerRecord | None = None, task_id: str = ""
) -> Label:
    """What a lane or a colour is called.

    Args:
        by: What it stands for.
        name: Its key.
        runner: The runner that it stands for, if it does and is known.
        task_id: The task of the workflow or invocation that it stands for.
    """
    if by == LanesBy.RUNNER:
        return Label(
            name, f"{runner.identity.host} {runner.identity.runner_cls}" if runner else "", short_id(name)
        )
    if by == LanesBy.TASK:
        return Label(name, name.rpartition(".")[2])
    return Label(name, task_id.rpartition(".")[2], id_tail(name)) if name else Label("", "no workflow")


def place_of(name: str, runner: RunnerRecord | None) -> tuple[str, str, str]:
    """What lanes of runners are sorted by."""
    if runner is None:
        return "", "", name
    # What has no supervisor comes before the workers of those that have one.
    return runner.identity.host, runner.identity.parent_id or "", name


def path_of(runner: RunnerRecord | None) -> tuple[Label, ...]:
    """Where a runner belongs: to its host, and if it is a worker, to its runner there; nowhere when it is unknown."""
    if runner is None:
        return ()
    identity = runner.identity
    host = Label(f"{MARK}{identity.host}", identity.host)
    if identity.parent_id is None:
        return (host,)
    parent = str(identity.parent_id)
    return host, Label(f"{MARK}{parent}", identity.runner_cls.removesuffix("Worker"), short_id(parent))


def key_of(by: LanesBy | ColourBy, records: Records) -> Callable[[Span], str]:
    """From a span to the key of its lane or colour; of workflows empty for what is in none."""
    if by == LanesBy.WORKFLOW:
        workflows = {name: str(one.workflow_id or "") for name, one in records.items()}
        return lambda span: workflows.get(span.invocation_id, "")
    get: Callable[[Span], str] = attrgetter("invocation_id" if by == LanesBy.INVOCATION else f"{by}_id")
    return get


class Shade(NamedTuple):
    """One line of the legend of colours that are not those of statuses."""

    css: str
    label: Label


@dataclass(frozen=True, slots=True)
class Paint:
    """The colours of a picture."""

    #: Class of a span.
    css_of: Callable[[Span], str]
    #: None where each colour is that of a status, which the legend of statuses tells.
    shades: list[Shade] | None = None


def _outcome(span: Span) -> str:
    return LOOKS[span.status].css


BY_OUTCOME = Paint(_outcome)


def paint_by(by: ColourBy, spans: Sequence[Span], records: Records, now: float) -> Paint:
    """Colours for these spans.

    Args:
        by: What they stand for.
        spans: All that are drawn.
        records: Those of their invocations, for colours of workflows and attempts.
        now: What still goes on has taken until then.
    """
    if by is ColourBy.OUTCOME:
        return BY_OUTCOME
    if by is ColourBy.DURATION:
        return _by_duration(spans, now)
    if by is ColourBy.STATUS:
        return _by_status(spans)
    if by is ColourBy.ATTEMPT:
        return _by_attempt(records)
    get = key_of(by, records)
    numbers = Counter(map(get, spans))
    types = {str(one.workflow_id): one.workflow_type or "" for one in records.values()}
    common = [name for name, _ in numbers.most_common(HUES + 1)]
    if len(common) > HUES:
        common.pop()
    css = {name: f"hue-{at}" for at, name in enumerate(common, 1)}
    shades = [Shade(css[name], label_of(by, name, task_id=types.get(name, ""))) for name in common]
    if len(numbers) > len(common):
        shades.append(Shade("hue-0", Label("", "others")))
    return Paint(lambda span: css.get(get(span), "hue-0"), shades)


def _by_status(spans: Sequence[Span]) -> Paint:
    """What each was, whatever came of it."""

    def status_of(span: Span) -> InvocationStatus:
        if span.status is InvocationStatus.PENDING_RECOVERY:
            return InvocationStatus.PENDING
        return span.status if span.status in HELD or span.waits_again else InvocationStatus.RUNNING

    seen = set(map(status_of, spans))
    shades = [Shade(LOOKS[one].css, Label("", LOOKS[one].word)) for one in InvocationStatus if one in seen]
    return Paint(lambda span: LOOKS[status_of(span)].css, shades)


def _by_attempt(records: Records) -> Paint:
    def css_of(span: Span) -> str:
        record = records.get(span.invocation_id)
        attempt = span.attempt or (record.retries + 1 if record else 1)
        return f"pace-{min(attempt, len(_ATTEMPTS))}"

    return Paint(css_of, [Shade(f"pace-{at}", Label("", word)) for at, word in enumerate(_ATTEMPTS, 1)])


def _by_duration(spans: Sequence[Span], now: float) -> Paint:
    def seconds_of(span: Span) -> float:
        return (now if span.end is None else span.end) - span.begin

    seconds = sorted(map(seconds_of, spans))
    edges = (
        [seconds[min(len(seconds) - 1, len(seconds) * share // 100)] for share in _QUANTILES]
        if seconds
        else []
    )

    def css_of(span: Span) -> str:
        length = seconds_of(span)
        return f"pace-{next((at for at, edge in enumerate(edges, 1) if length <= edge), len(edges) + 1)}"

    words = [
        f"up to {duration(edge)}: {share} of 100" for share, edge in zip(_QUANTILES, edges, strict=False)
    ] + ["longer"]
    return Paint(css_of, [Shade(f"pace-{at}", Label("", word)) for at, word in enumerate(words, 1)])
