"""Supervisor: keeps the wanted number of workers alive, and hands back a dead one's work at once."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable

from pynenc.engine.engine import Engine
from pynenc.engine.heartbeat import Heartbeat
from pynenc.engine.patience import until_answered
from pynenc.exceptions import RunnerError, StoreError
from pynenc.runner.child_process import ChildProcess
from pynenc.values.ids import RunnerId
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)

_FIRST_RESPAWN_SECONDS = 0.1
_LONGEST_RESPAWN_SECONDS = 10.0
#: A worker that lived so long begins anew with the shortest respawn pause.
_STEADY_SECONDS = 30.0

Spawn = Callable[[RunnerIdentity, Callable[[ChildProcess], None]], ChildProcess]


class Supervisor:
    """Owns the worker processes of one runner.

    Args:
        engine: The rules and the stores.
        identity: The runner.
        spawn: Starts a process for an identity.
    """

    def __init__(self, engine: Engine, identity: RunnerIdentity, spawn: Spawn) -> None:
        conf = engine.components.conf
        self._engine = engine
        self.identity = identity
        self._spawn = spawn
        self._changed = threading.Condition()
        self._children: dict[RunnerId, ChildProcess] = {}  # guarded by self._changed
        self._ended: list[ChildProcess] = []  # guarded by self._changed
        self._stopping = False  # guarded by self._changed
        self._had_ready = False
        self._had_deaths = False
        self._respawn_pause = _FIRST_RESPAWN_SECONDS
        self._last_spawn = 0.0
        self.heartbeat = Heartbeat(
            engine.orchestrator, self._alive, conf.heartbeat_interval_seconds, conf.lease_seconds
        )

    def request_stop(self) -> None:
        """Have ``keep`` return."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def keep(self, wanted: int) -> None:
        """Keep so many workers alive until told to stop.

        Raises:
            RunnerError: no worker could ever begin, for example because the app's module raises.
        """
        while True:
            self._bury()
            with self._changed:
                if self._stopping:
                    return
                missing = wanted - len(self._children)
            pause = self._last_spawn + self._respawn_pause - time.monotonic() if self._had_deaths else 0.0
            if missing > 0 and pause <= 0:
                for _ in range(missing):
                    self._open()
                continue
            with self._changed:
                if not self._ended and not self._stopping:
                    self._changed.wait(max(pause, 0.01) if missing > 0 else None)

    def end(self, grace_seconds: float) -> None:
        """Stop every worker: graceful first, killed when the grace and some seconds are over."""
        with self._changed:
            children = list(self._children.values())
        for child in children:
            child.stop()
        deadline = time.monotonic() + grace_seconds + 3.0
        for child in children:
            if not child.ended.wait(max(0.0, deadline - time.monotonic())):
                logger.warning("worker %d did not end in time and is killed", child.pid)
                child.kill()
                child.ended.wait(2.0)
        self._bury()

    def kill(self) -> None:
        """Kill every worker now."""
        with self._changed:
            children = list(self._children.values())
        for child in children:
            child.kill()

    # -- births and deaths ----------------------------------------------------------------------------

    def _open(self) -> None:
        identity = RunnerIdentity(
            runner_id=RunnerId(str(uuid.uuid4())),
            runner_cls=f"{self.identity.runner_cls}Worker",
            host=self.identity.host,
            pid=os.getpid(),
            parent_id=self.identity.runner_id,
        )
        child = self._spawn(identity, self._on_end)
        with self._changed:
            self._children[identity.runner_id] = child
        self._last_spawn = time.monotonic()
        # The row comes before the first claim, so that whatever it owns has an owner that can be found dead.
        until_answered(self.heartbeat.beat, give_up=lambda: self._stopping)
        child.begin()

    def _on_end(self, child: ChildProcess) -> None:
        with self._changed:
            self._ended.append(child)
            self._changed.notify_all()

    def _bury(self) -> None:
        with self._changed:
            ended, self._ended = self._ended, []
            for child in ended:
                self._children.pop(child.identity.runner_id, None)
            stopping = self._stopping
        for child in ended:
            self._had_ready = self._had_ready or child.ready.is_set()
            clean = child.returncode == 0
            if not (clean and stopping):
                self._note_death(child)
            self._hand_over(child, clean)
            if child.error is not None and not self._had_ready:
                raise RunnerError(f"a worker could not begin: {child.error}")

    def _note_death(self, child: ChildProcess) -> None:
        reason = child.error or child.describe_end()
        logger.warning("worker %d %s", child.pid, reason)
        steady = time.monotonic() - self._last_spawn > _STEADY_SECONDS
        pause = _FIRST_RESPAWN_SECONDS if steady or not self._had_deaths else self._respawn_pause * 2
        self._respawn_pause = min(pause, _LONGEST_RESPAWN_SECONDS)
        self._had_deaths = True

    def _hand_over(self, child: ChildProcess, clean: bool) -> None:
        """What a dead worker owned is claimable again at once."""
        runner_id = child.identity.runner_id
        reason = f"worker process {child.pid} {child.describe_end()}"
        try:
            if clean:
                self.heartbeat.mark_stopped([(runner_id, "clean")])
            else:
                self._engine.recovery.recover([runner_id], reason)
        except StoreError as error:
            logger.warning("could not recover the work of worker %d (%s): its silence will", child.pid, error)

    def _alive(self) -> tuple[RunnerIdentity, ...]:
        with self._changed:
            children = list(self._children.values())
        return (self.identity, *(child.identity for child in children if child.is_alive()))
