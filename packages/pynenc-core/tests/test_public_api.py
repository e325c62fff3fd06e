"""What users import. A name that disappears from here breaks their programs; a new one is a promise."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

#: Modules with ``__all__``, whole.
PUBLIC = {
    "pynenc": ["ConcurrencyControlType", "Pynenc", "PynencBuilder", "Task"],
    "pynenc.broker": ["BaseBroker", "MemBroker", "SQLiteBroker"],
    "pynenc.client_data_store": ["BaseClientDataStore", "MemClientDataStore", "SQLiteClientDataStore"],
    "pynenc.context": ["current_invocation"],
    "pynenc.contracts": [
        "BaseBroker",
        "BaseClientDataStore",
        "BaseComponent",
        "BaseMonitorStore",
        "BaseOrchestrator",
        "BaseSerializer",
        "BaseStateBackend",
        "BaseStore",
        "BaseTrigger",
        "BaseWatch",
        "Delivery",
        "PayloadKey",
        "PayloadKind",
        "StoreKey",
    ],
    "pynenc.identifiers": ["CallId", "InvocationId", "TaskId"],
    "pynenc.identifiers.call_id": ["CallId"],
    "pynenc.identifiers.invocation_id": ["InvocationId"],
    "pynenc.identifiers.task_id": ["TaskId"],
    "pynenc.invocation": [
        "BaseInvocation",
        "BaseInvocationGroup",
        "ConcurrentInvocation",
        "ConcurrentInvocationGroup",
        "DistributedInvocation",
        "DistributedInvocationGroup",
        "HistoryEntry",
        "InvocationStatus",
        "ReusedInvocation",
        "WorkflowInvocation",
    ],
    "pynenc.invocation.status": [
        "STATUS_TABLE",
        "InvocationStatus",
        "StatusDefinition",
        "get_status_definition",
        "validate_transition",
    ],
    "pynenc.orchestrator": ["BaseOrchestrator", "MemOrchestrator", "SQLiteOrchestrator"],
    "pynenc.trigger": [
        "BaseTrigger",
        "ConditionId",
        "MemTrigger",
        "SQLiteTrigger",
        "TriggerBuilder",
        "TriggerContext",
        "TriggerDefinition",
        "TriggerDefinitionId",
        "on_cron",
        "on_event",
        "on_status",
    ],
    "pynenc.trigger.arguments": [
        "ArgumentFilter",
        "ArgumentProvider",
        "ArgumentProviderError",
        "CallableArgumentFilter",
        "CallableResultFilter",
        "ContextArgumentProvider",
        "NonModuleLevelFunctionError",
        "ResultFilter",
        "StaticArgumentFilter",
        "StaticArgumentProvider",
        "StaticResultFilter",
        "TriggerContextArgumentProvider",
    ],
    "pynenc.trigger.conditions": [
        "CompositeCondition",
        "CompositeLogic",
        "ConditionContext",
        "ConditionId",
        "CronCondition",
        "CronContext",
        "EventCondition",
        "EventContext",
        "ExceptionCondition",
        "ExceptionContext",
        "Misfire",
        "Overlap",
        "ResultCondition",
        "ResultContext",
        "StatusCondition",
        "StatusContext",
        "TriggerCondition",
        "ValidCondition",
    ],
    "pynenc.runner": [
        "BaseRunner",
        "DummyRunner",
        "MultiThreadRunner",
        "PersistentProcessRunner",
        "ProcessRunner",
        "ThreadRunner",
    ],
    "pynenc.serializer": [
        "BaseSerializer",
        "JsonPickleSerializer",
        "JsonSerializable",
        "JsonSerializer",
        "PickleSerializer",
        "ReservedKeys",
    ],
    "pynenc.state_backend": ["BaseStateBackend", "MemStateBackend", "SQLiteStateBackend"],
    "pynenc.testing": [
        "FAULT_VARIABLE",
        "CrashPoint",
        "FakeClock",
        "Fault",
        "FaultMode",
        "Faults",
        "Harness",
        "faulty",
        "inject",
        "with_faults",
    ],
    "pynenc.types": ["Args", "Func", "Params", "Result"],
    "pynenc.workflow": ["WorkflowContext", "WorkflowError", "WorkflowIdentity", "WorkflowRootContext"],
    "pynenc_mongodb": [
        "MongoBroker",
        "MongoClientDataStore",
        "MongoOrchestrator",
        "MongoStateBackend",
        "MongoTrigger",
    ],
    "pynenc_rabbitmq": ["RabbitMqBroker"],
    "pynenc_redis": [
        "RedisBroker",
        "RedisClientDataStore",
        "RedisOrchestrator",
        "RedisStateBackend",
        "RedisTrigger",
    ],
}

#: Further names that users import from where they are defined.
PATHS = {
    "pynenc.app": ["Pynenc"],
    "pynenc.arguments": ["Arguments"],
    "pynenc.builder": ["PynencBuilder"],
    "pynenc.call": ["Call"],
    "pynenc.conf.config_base": ["ConfigBase"],
    "pynenc.conf.config_components": [
        "ConfigBroker",
        "ConfigClientDataStore",
        "ConfigOrchestrator",
        "ConfigStateBackend",
        "ConfigTrigger",
    ],
    "pynenc.conf.config_pynenc": ["ArgumentPrintMode", "ConfigPynenc", "LogFormat"],
    "pynenc.conf.config_task": ["ConcurrencyControlType", "ConfigTask"],
    "pynenc.contracts.plugin": ["Plugin"],
    "pynenc.exceptions": [
        "AlreadyInitializedError",
        "AppLoadError",
        "ArgumentProviderError",
        "CommitUnknownError",
        "ConcurrencyControlledError",
        "ConfigError",
        "ConfigMultiInheritanceError",
        "CorruptDataError",
        "DeterministicOperationScopeError",
        "InvalidScheduleError",
        "InvalidTaskFunctionError",
        "InvalidTaskOptionsError",
        "InvocationCancelledError",
        "InvocationConcurrencyWithDifferentArgumentsError",
        "InvocationError",
        "InvocationNotFoundError",
        "InvocationStatusError",
        "InvocationStatusOwnershipError",
        "InvocationStatusRaceConditionError",
        "InvocationStatusTransitionError",
        "MonitorUnavailableError",
        "NonDeterminismError",
        "NonModuleLevelFunctionError",
        "OutcomeLostError",
        "OwnershipLostError",
        "PayloadTooLargeError",
        "PluginError",
        "PynencError",
        "RemoteError",
        "ResultTimeoutError",
        "RetryError",
        "RunnerError",
        "RunnerNotExecutableError",
        "SchemaVersionError",
        "SerializationError",
        "SignatureError",
        "SoftTimeLimitError",
        "StateBackendError",
        "StoreBusyError",
        "StoreError",
        "StoreFullError",
        "StoreUnavailableError",
        "TaskError",
        "TaskParallelProcessingError",
        "TaskRoutingError",
        "TimeLimitError",
        "TriggerCycleError",
        "TriggerError",
        "UnknownTaskError",
        "WaitCycleError",
        "WorkerLostError",
        "WorkflowError",
        "WorkflowLimitError",
        "WorkflowMembershipError",
        "WorkflowNotFoundError",
        "WorkflowTimeoutError",
    ],
    "pynenc.task": ["Task"],
    "pynenc.workflow_task": ["WorkflowTask"],
    "pynenc.trigger.arguments.argument_filters": ["ArgumentFilter"],
    "pynenc.trigger.arguments.argument_providers": ["ArgumentProvider"],
    "pynenc.trigger.arguments.arguments_common": ["NonModuleLevelFunctionError"],
    "pynenc.trigger.arguments.result_filter": ["ResultFilter"],
    "pynenc.trigger.conditions.base": ["ConditionContext", "TriggerCondition", "ValidCondition"],
    "pynenc.trigger.conditions.composite": ["CompositeCondition", "CompositeLogic"],
    "pynenc.trigger.conditions.cron": ["CronCondition", "CronContext"],
    "pynenc.trigger.conditions.event": ["EventCondition", "EventContext"],
    "pynenc.trigger.conditions.exception": ["ExceptionCondition", "ExceptionContext"],
    "pynenc.trigger.conditions.result": ["ResultCondition", "ResultContext"],
    "pynenc.trigger.conditions.status": ["StatusCondition", "StatusContext"],
    "pynenc.trigger.trigger_builder": ["TriggerBuilder", "on_cron", "on_event", "on_status"],
    "pynenc.trigger.trigger_context": ["TriggerContext"],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_offers_exactly_these_names(module: str) -> None:
    imported = import_module(module)
    assert sorted(imported.__all__) == sorted(PUBLIC[module])
    assert [name for name in imported.__all__ if not hasattr(imported, name)] == []


@pytest.mark.parametrize("module", PATHS)
def test_names_are_where_users_import_them_from(module: str) -> None:
    imported = import_module(module)
    assert [name for name in PATHS[module] if not hasattr(imported, name)] == []


def test_every_exception_is_public() -> None:
    exceptions = import_module("pynenc.exceptions")
    defined = [
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type)
        and issubclass(value, Exception)
        and value.__module__ == exceptions.__name__
    ]
    assert sorted(defined) == PATHS["pynenc.exceptions"]


@pytest.mark.parametrize("name", ["broker", "client_data_store", "orchestrator", "state_backend"])
def test_the_path_of_a_component_leads_to_its_contract(name: str) -> None:
    public, contracts = import_module(f"pynenc.{name}"), import_module("pynenc.contracts")
    base, *implementations = PUBLIC[public.__name__]
    assert getattr(public, base) is getattr(contracts, base)
    assert all(issubclass(getattr(public, one), getattr(public, base)) for one in implementations)


def test_importing_pynenc_alone_costs_next_to_nothing() -> None:
    program = "import sys; import pynenc; print([name for name in sys.modules if name.startswith('pynenc.')])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "['pynenc.lazy_names']\n"
