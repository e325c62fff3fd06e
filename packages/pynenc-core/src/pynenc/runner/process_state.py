"""What the system says about processes."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_PROC = Path("/proc")


def is_running(pid: int) -> bool:
    """Whether a process exists and is not stopped; a stopped process must not look alive."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _exists(pid)
    # The state follows the command's name, which is in parentheses and may contain anything.
    return text.rpartition(")")[2].split()[0] not in ("T", "t", "Z", "X")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def resident_mb() -> float:
    """Memory of this process: what is resident, or where the system does not say so, the most that ever was."""
    try:
        pages = int((_PROC / "self" / "statm").read_text(encoding="ascii").split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
