"""Forks of this process: connections are closed before one, because SQLite must not carry any over it.

SQLite keeps the locks of a file in tables of the process. A child inherits the tables but not the locks, so
that even a connection of its own would be unprotected: the parent's last close would delete the log under it.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """What has to be quiet during a fork."""

    def before_fork(self) -> None:
        """Come to rest and stay so; called by the thread that forks."""

    def after_fork(self, *, in_child: bool) -> None:
        """Go on, in the parent or in the child."""


_KNOWN: weakref.WeakSet[ForkAware] = weakref.WeakSet()
#: One fork at a time, so that two of them do not wait for each other's locks.
_FORKING = threading.Lock()
_at_rest: list[ForkAware] = []  # guarded by _FORKING


def tell_of_forks(one: ForkAware) -> None:
    """Call its methods around every fork, as long as it exists."""
    _KNOWN.add(one)


def _before() -> None:
    _FORKING.acquire()
    for one in list(_KNOWN):
        one.before_fork()
        _at_rest.append(one)


def _after_in_parent() -> None:
    _after(in_child=False)


def _after_in_child() -> None:
    _after(in_child=True)


def _after(*, in_child: bool) -> None:
    while _at_rest:
        _at_rest.pop().after_fork(in_child=in_child)
    _FORKING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
