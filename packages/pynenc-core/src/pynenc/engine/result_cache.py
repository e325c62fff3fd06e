"""Stored results that answer later calls with the same task and arguments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine.components import Components
from pynenc.values.records import InvocationState


class ResultCache:
    """Looks for results of tasks with ``call_result_cache``; it stores nothing besides the invocations."""

    def __init__(self, components: Components) -> None:
        self._components = components

    def find(self, task_key: str, args_ids: Iterable[str]) -> dict[str, InvocationState]:
        """By ``args_id``: the latest success, with its payload, so that retention cannot take it away later."""
        parts = self._components
        states = parts.orchestrator.find_results(task_key, list(dict.fromkeys(args_ids)))
        if not states or parts.record_holds_payloads:
            return states
        keys = {
            args_id: PayloadKey(state.invocation_id, state.epoch, PayloadKind.OUTCOME)
            for args_id, state in states.items()
        }
        texts = parts.state_backend.get_payloads(list(keys.values()))
        return {
            # What is being deleted right now is no answer any more.
            args_id: replace(state, outcome=replace(state.outcome, data=texts[keys[args_id]]))
            for args_id, state in states.items()
            if state.outcome is not None and keys[args_id] in texts
        }
