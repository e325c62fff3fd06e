"""Runners of several versions at a time: whose triggers are in force."""

from __future__ import annotations

from typing import Any

from pynenc import Pynenc
from pynenc.conf.config_task import ConfigTask
from pynenc.engine.engine import Engine
from pynenc.engine.reactor import Reactor
from pynenc.engine.registry import TaskDefinition, TaskRegistry
from pynenc.trigger import TriggerBuilder, on_event
from pynenc.trigger.trigger_builder import build_all
from pynenc.values.ids import RunnerId, TaskId
from pynenc.values.runners import Beat, RunnerIdentity

from .triggered_app import record, source


class Deploy:
    """Runners of one app with different code, on one memory; none of them has threads."""

    def __init__(self) -> None:
        self.app = Pynenc({"app_id": "deploy"})
        self.store = self.app.engine.components
        self.app.task(source)

    def runner(self, name: str, triggers: Any) -> Reactor:
        """A runner that starts now, with this code."""
        registry = TaskRegistry(list)
        definition = TaskDefinition(TaskId(record.__module__, "record"), record, ConfigTask())
        definition.triggers = build_all(definition.key, triggers)
        registry.register(definition)
        engine = Engine(self.store, registry)
        identity = RunnerIdentity(runner_id=RunnerId(name), runner_cls="Test", host="h", pid=1)
        self.store.orchestrator.beat(Beat(alive=(identity,)))
        reactor = engine.reactor(identity.runner_id)
        reactor.run_pass()
        return reactor

    def stop(self, name: str) -> None:
        self.store.orchestrator.beat(Beat(stopped=((RunnerId(name), "lost"),)))

    def emit(self) -> None:
        self.app.trigger.emit_event("go")

    def react(self, *reactors: Reactor) -> list[str]:
        """Let runners react, in this order, until nothing is left; returns the arguments of new runs."""
        before = {run.run_id for run in self.app.trigger.list_runs()}
        while sum(reactor.run_pass() for reactor in reactors):
            pass
        new = [run for run in self.app.trigger.list_runs() if run.run_id not in before]
        records = self.store.orchestrator.get_records([run.invocation_id for run in new if run.invocation_id])
        return [record.args_preview for record in records.values()]


def says(what: str) -> TriggerBuilder:
    return on_event("go").with_args_static({"what": what})


def test_the_version_of_the_runner_that_started_last_is_in_force_and_fires_once() -> None:
    deploy = Deploy()
    old = deploy.runner("old", says("old"))
    deploy.emit()
    assert deploy.react(old) == ['what="old"']
    new = deploy.runner("new", says("new"))
    for order in ((old, new), (new, old)):
        deploy.emit()
        assert deploy.react(*order) == ['what="new"']
    deploy.stop("new")
    deploy.emit()
    assert deploy.react(old) == ['what="old"']


def test_what_was_left_for_a_runner_that_dies_is_done_by_those_that_live() -> None:
    deploy = Deploy()
    old = deploy.runner("old", says("old"))
    deploy.runner("new", says("new"))
    deploy.emit()
    assert deploy.react(old) == []
    deploy.stop("new")
    assert deploy.react(old) == ['what="old"']


def test_a_trigger_that_only_an_older_runner_has_goes_on_until_that_one_ends() -> None:
    deploy = Deploy()
    old = deploy.runner("old", [says("kept"), says("removed")])
    new = deploy.runner("new", [says("kept, new")])
    deploy.emit()
    assert sorted(deploy.react(old, new)) == ['what="kept, new"', 'what="removed"']
    deploy.stop("old")
    deploy.emit()
    assert deploy.react(new) == ['what="kept, new"']


def test_what_happens_while_no_runner_lives_is_kept_for_the_next() -> None:
    deploy = Deploy()
    deploy.runner("first", says("first"))
    deploy.stop("first")
    deploy.emit()
    deploy.runner("second", says("second"))
    assert len(deploy.app.trigger.list_runs()) == 1


def test_events_before_the_first_runner_are_not_lost() -> None:
    deploy = Deploy()
    deploy.emit()
    deploy.runner("first", says("first"))
    assert len(deploy.app.trigger.list_runs()) == 1
