"""What is asked of the indexes."""

from __future__ import annotations

from typing import Any

from pynenc.values.monitor import RecordQuery
from pynenc.values.operations import InvocationQuery
from pynenc.values.status import FINAL, InvocationStatus
from pynenc_redis.codec.letters import to_letters

_UNSUCCESSFUL = FINAL - {InvocationStatus.SUCCESS}


def to_query(query: InvocationQuery, looks: int) -> dict[str, Any]:
    """The argument of ``list``."""
    request: dict[str, Any] = {"limit": query.limit, "looks": looks, "oldest_first": query.oldest_first}
    request["index"] = (
        f"children:{query.parent_id}"
        if query.parent_id is not None
        else "workflows"
        if query.awaits is not None
        else index_of(query)
    )
    for name, value in (
        ("after", query.after),
        ("task", query.task_id),
        ("root", query.root_id),
        ("runner", query.runner_id),
        ("awaits", query.awaits),
    ):
        if value is not None:
            request[name] = value
    if query.workflows:
        request["workflows"] = True
    if query.statuses is not None:
        request["statuses"] = to_letters(query.statuses)
    return request


def index_of(query: InvocationQuery | RecordQuery) -> str:
    """The shortest index by order of submission that holds every answer."""
    if isinstance(query, RecordQuery) and query.rerun_of is not None:
        return f"reruns:{query.rerun_of}"
    if query.root_id is not None:
        return f"family:{query.root_id}"
    if query.workflows:
        return "workflows"
    if query.statuses is not None and query.statuses <= _UNSUCCESSFUL:
        return "unsuccessful"
    return "all" if query.task_id is None else f"task:{query.task_id}"
