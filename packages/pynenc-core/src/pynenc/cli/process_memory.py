"""A hint for apps whose data no other process can see."""

from __future__ import annotations

import sys

from pynenc.app import Pynenc


def warn_about_memory(app: Pynenc, consequence: str) -> None:
    """Say on standard error what it means for a command that the app's data lives in its own process."""
    if not app.orchestrator.store.capabilities.multi_process:
        print(
            f"pynenc: app '{app.app_id}' keeps its data in the memory of each process, so {consequence}; "
            "PynencBuilder().sqlite(...) keeps it in a file that all processes share",
            file=sys.stderr,
        )
