"""The connection owner of one backend: clock, wake-ups, life cycle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, NamedTuple, Self

from pynenc.conf.config_base import ConfigBase
from pynenc.values.capabilities import Capabilities
from pynenc.values.clock import Clock
from pynenc.values.findings import Finding, Size
from pynenc.values.ids import InvocationId

#: Called with the ids that became final (or available, when that was asked for), from a thread of the store.
#: It must return at once and must not call the store.
OnReady = Callable[[Sequence[InvocationId]], None]


class StoreKey(NamedTuple):
    """What makes two stores the same one: components with equal keys share one store object."""

    #: ``sqlite``, ``mem``, ...
    kind: str
    #: Path or server, without secrets.
    location: str
    app_id: str


class BaseWatch(ABC):
    """One process's subscription to invocations becoming final."""

    @abstractmethod
    def add(self, ids: Iterable[InvocationId], *, available: bool = False) -> None:
        """From now on report each id once, as soon as it is final.

        An id that is final already is reported at once. With ``available`` an id that becomes claimable
        *after* this call is reported as well (once; add it again to hear again).
        """

    @abstractmethod
    def discard(self, ids: Iterable[InvocationId]) -> None:
        """Report these no longer; unknown ids are ignored."""

    @abstractmethod
    def close(self) -> None:
        """End the subscription; nothing is reported afterwards. Closing twice is harmless."""


class BaseStore(ABC):
    """Owns the connection of every component of one app that points at one server or file.

    Opened on first use; safe to use from several threads; after a fork the child opens its own connection.
    """

    capabilities: Capabilities

    @abstractmethod
    def now(self) -> float:
        """Seconds since 1970 by the clock that decides timeouts and leases: the store's own."""

    @abstractmethod
    def work_marker(self) -> int:
        """Take a marker before looking for work, to be given to ``wait_for_work`` when there was none."""

    @abstractmethod
    def wait_for_work(self, marker: int, timeout_seconds: float) -> bool:
        """Block until work may have arrived since ``marker``; False after ``timeout_seconds``.

        May return True without there being work. Of several waiting threads one is woken per piece of work
        where the store can tell. Work that falls due by time alone wakes nobody: the caller limits the
        timeout to the next due time.
        """

    @abstractmethod
    def occurrence_marker(self) -> int:
        """Take a marker before looking for occurrences, to be given to ``wait_for_occurrences``."""

    @abstractmethod
    def wait_for_occurrences(self, marker: int, timeout_seconds: float) -> bool:
        """Block until an occurrence may have been recorded since ``marker``; False after ``timeout_seconds``.

        Wakes every waiting thread. May return True without there being an occurrence.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """Let every ``wait_for_work`` and ``wait_for_occurrences`` of this process return now."""

    @abstractmethod
    def watch(self, on_ready: OnReady) -> BaseWatch:
        """Open a subscription for this process."""

    def diagnose(self) -> list[Finding]:
        """What an operator should know about the server and its settings, for ``pynenc doctor``.

        Whether it answers is asked before. Nothing, unless a store knows better.

        Raises:
            StoreError: it does not answer.
        """
        return []

    def measure(self) -> list[Size]:
        """How much it keeps, found out without looking at all of it. Nothing, unless a store knows.

        Raises:
            StoreError: it does not answer.
        """
        return []

    @abstractmethod
    def close(self) -> None:
        """Release connections and threads. The next use opens them again."""


class BaseComponent(ABC):
    """What every component of a backend has: settings of its own, and a store that it may share.

    Components whose ``store_key`` is equal are given one store object, made by the first of them.
    """

    #: The class of this component's settings.
    config_cls: ClassVar[type[ConfigBase]]

    @classmethod
    @abstractmethod
    def store_key(cls, conf: ConfigBase, app_id: str) -> StoreKey:
        """Which store these settings point at.

        Raises:
            ConfigError: the settings cannot point at any store.
        """

    @classmethod
    @abstractmethod
    def make_store(cls, conf: ConfigBase, app_id: str, clock: Clock) -> BaseStore:
        """Make the store of that key; nothing is opened before its first use."""

    @classmethod
    @abstractmethod
    def on_store(cls, store: BaseStore) -> Self:
        """Make the component on a store that ``make_store`` of this backend made."""
