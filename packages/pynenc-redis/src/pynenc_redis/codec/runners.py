"""Runners."""

from __future__ import annotations

from typing import Any

from pynenc.values.ids import RunnerId
from pynenc.values.runners import Beat, RunnerIdentity, RunnerRecord
from pynenc_redis.codec.texts import dump, instant


def to_beat(beat: Beat) -> str:
    """The argument of ``beat``."""
    alive = [
        (one.runner_id, one.runner_cls, one.host, one.pid, one.parent_id or "", one.slots)
        for one in beat.alive
    ]
    request: dict[str, Any] = {"alive": alive, "stopped": beat.stopped}
    if beat.lease is not None:
        request["lease"] = (beat.lease.name, beat.lease.holder, beat.lease.seconds)
    return dump(request)


def from_runner(runner_id: str, fields: list[str]) -> RunnerRecord:
    """A runner's row."""
    v = dict(zip(fields[::2], fields[1::2], strict=True))
    return RunnerRecord(
        identity=RunnerIdentity(
            runner_id=RunnerId(runner_id),
            runner_cls=v["cls"],
            host=v["host"],
            pid=int(v["pid"]),
            parent_id=RunnerId(v["parent"]) if v["parent"] else None,
            slots=int(v.get("slots") or 0),
        ),
        started_at=float(v["started"]),
        beats=int(v["beats"]),
        last_beat_at=float(v["last"]),
        stopped_at=instant(v.get("stopped")),
        stop_reason=v.get("reason", ""),
        drains="drains" in v,
    )
