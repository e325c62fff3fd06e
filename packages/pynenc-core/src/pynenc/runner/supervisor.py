"""Supervisor: keeps the wanted workers alive, and hands back a dead one's work at once."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from pynenc.engine.engine import Engine
from pynenc.engine.heartbeat import Heartbeat
from pynenc.engine.patience import until_answered
from pynenc.exceptions import RunnerError, StoreError
from pynenc.runner.child_process import ChildProcess
from pynenc.runner.signals import SIGNAL_LOOK_SECONDS, wait_with_signals
from pynenc.runner.staffing import Staff
from pynenc.values.ids import RunnerId
from pynenc.values.runners import RunnerIdentity

logger = logging.getLogger(__name__)

_FIRST_RESPAWN_SECONDS = 0.1
_LONGEST_RESPAWN_SECONDS = 10.0

Spawn = Callable[[RunnerIdentity, Callable[[], None]], ChildProcess]


class Supervisor:
    """Owns the worker processes of one runner.

    Args:
        engine: The rules and the stores.
        identity: The runner.
        staff: Which workers it wants.
        spawn: Starts a process for an identity.
    """

    def __init__(self, engine: Engine, identity: RunnerIdentity, staff: Staff, spawn: Spawn) -> None:
        conf = engine.components.conf
        self._engine = engine
        self.identity = identity
        self._staff = staff
        self._spawn = spawn
        self._changed = threading.Condition()
        self._children: dict[RunnerId, ChildProcess] = {}  # guarded by self._changed
        #: Of workers that ended in order, for their successors.
        self._vacant: list[RunnerIdentity] = []  # guarded by self._changed
        self._news = False  # guarded by self._changed
        self._stopping = False  # guarded by self._changed
        self._draining = False  # guarded by self._changed
        self._had_ready = False
        self._respawn_pause = 0.0
        self._respawn_at = 0.0
        self.heartbeat = Heartbeat(
            engine.orchestrator, self._alive, conf.heartbeat_interval_seconds, conf.lease_seconds
        )
        self.heartbeat.on_drain = self.drain

    def request_stop(self) -> None:
        """Have ``keep`` return."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def drain(self) -> None:
        """Have ``keep`` return when the workers that there are have finished what they have."""
        with self._changed:
            self._draining = self._news = True
            self._changed.notify_all()

    def keep(self) -> None:
        """Keep the wanted workers alive until told to stop, or drained.

        Raises:
            RunnerError: no worker could ever begin, for example because the app's module raises.
        """
        while True:
            with self._changed:
                if self._stopping:
                    return
                self._news = False
            self._bury()
            if self._draining and not self._present():
                return
            timeout = self._adjust()
            with self._changed:
                if not self._news and not self._stopping:
                    self._changed.wait(min(SIGNAL_LOOK_SECONDS, timeout or SIGNAL_LOOK_SECONDS))

    def end(self, grace_seconds: float) -> None:
        """Stop every worker: graceful first, killed when the grace and some seconds are over."""
        children = self._present()
        for child in children:
            child.stop()
        deadline = time.monotonic() + grace_seconds + 3.0
        for child in children:
            if not wait_with_signals(child.ended.wait, max(0.0, deadline - time.monotonic())):
                logger.warning("worker %d did not end in time and is killed", child.pid)
                child.kill()
                child.ended.wait(2.0)
        self._bury()

    def kill(self) -> None:
        """Kill every worker now."""
        for child in self._present():
            child.kill()

    # -- births and deaths ----------------------------------------------------------------------------

    def _adjust(self) -> float | None:
        """Carry out what the staff decides; returns the seconds until it is to be asked again."""
        try:
            decision = self._staff.decide(self._present())
        except StoreError as error:
            logger.warning("cannot see how much work there is (%s), looking again later", error)
            return self._staff.interval_seconds
        if self._draining:
            decision = replace(decision, open=0, retire=self._present())
        for child in decision.grant:
            child.grant_place()
        for child in decision.retire:
            child.retire()
        pause = self._respawn_at - time.monotonic()
        if decision.open and pause > 0:
            return pause
        for _ in range(decision.open):
            if not self._open():
                return self._respawn_pause
        return self._staff.interval_seconds

    def _open(self) -> bool:
        with self._changed:
            vacant = self._vacant.pop() if self._vacant else None
        try:
            child = self._spawn(vacant or self._new_identity(), self._on_change)
        except (OSError, RunnerError) as error:
            if isinstance(error, RunnerError) and not self._had_ready:
                raise
            logger.warning("a worker could not be started: %s", error)
            self._back_off()
            return False
        with self._changed:
            self._children[child.identity.runner_id] = child
        if vacant is None:
            # The row comes before the first claim, so that whatever it owns has an owner that can be found dead.
            until_answered(self.heartbeat.beat, give_up=lambda: self._stopping)
        child.begin()
        return True

    def _new_identity(self) -> RunnerIdentity:
        return RunnerIdentity(
            runner_id=RunnerId(str(uuid.uuid4())),
            runner_cls=f"{self.identity.runner_cls}Worker",
            host=self.identity.host,
            pid=os.getpid(),
            parent_id=self.identity.runner_id,
        )

    def _on_change(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def _bury(self) -> None:
        present = self._present()
        # One that could begin says that another one will, too, however the store fails that at this moment.
        self._had_ready = self._had_ready or any(child.ready.is_set() for child in present)
        ended = [child for child in present if child.ended.is_set()]
        for child in ended:
            with self._changed:
                del self._children[child.identity.runner_id]
            if child.clean:
                self._respawn_pause = 0.0
                self._leave(child)
            else:
                self._note_death(child)
            if child.error is not None and not self._had_ready:
                raise RunnerError(f"a worker could not begin: {child.error}")

    def _note_death(self, child: ChildProcess) -> None:
        logger.warning("worker %d %s", child.pid, child.error or child.describe_end())
        if child.began:
            # Whatever ended it, it can work: those whose invocations kill them are replaced at once.
            self._respawn_pause = 0.0
        else:
            self._back_off()
        try:
            reason = f"worker process {child.pid} {child.describe_end()}"
            self._engine.recovery.recover([child.identity.runner_id], reason)
        except StoreError as error:
            logger.warning("could not recover the work of worker %d (%s): its silence will", child.pid, error)

    def _leave(self, child: ChildProcess) -> None:
        with self._changed:
            if not self._stopping and len(self._vacant) < self._staff.kept_identities:
                self._vacant.append(child.identity)
                return
        try:
            self.heartbeat.mark_stopped([(child.identity.runner_id, "clean")])
        except StoreError as error:
            logger.warning("could not record the end of worker %d (%s)", child.pid, error)

    def _back_off(self) -> None:
        self._respawn_pause = min(
            max(self._respawn_pause * 2, _FIRST_RESPAWN_SECONDS), _LONGEST_RESPAWN_SECONDS
        )
        self._respawn_at = time.monotonic() + self._respawn_pause

    def _present(self) -> list[ChildProcess]:
        with self._changed:
            return list(self._children.values())

    def _alive(self) -> tuple[RunnerIdentity, ...]:
        with self._changed:
            children = list(self._children.values())
            vacant = tuple(self._vacant)
        return (self.identity, *vacant, *(child.identity for child in children if child.is_alive()))
