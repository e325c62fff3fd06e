"""Memory that threads give back can be used by all of them."""

from __future__ import annotations

import ctypes
import platform

#: Of ``mallopt``, in the C library of GNU.
_M_ARENA_MAX = -8


def share_one_heap() -> None:
    """Let all threads of this process take memory from one heap; for a process that does nothing but serve.

    By default each thread has one of its own, which keeps what a large page took when that was made. One interpreter at
    a time allocates, so that they need not wait for each other. Other C libraries do as they please.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
