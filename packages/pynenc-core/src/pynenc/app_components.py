"""The components that settings name, on as few stores as they can share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from pynenc.conf.config_base import ConfigBase
from pynenc.conf.config_components import ConfigClientDataStore, ConfigOrchestrator, ConfigTrigger
from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.contracts.broker import BaseBroker
from pynenc.contracts.client_data_store import BaseClientDataStore
from pynenc.contracts.orchestrator import BaseOrchestrator
from pynenc.contracts.serializer import BaseSerializer
from pynenc.contracts.state_backend import BaseStateBackend
from pynenc.contracts.store import BaseComponent, BaseStore, StoreKey
from pynenc.contracts.trigger import BaseTrigger
from pynenc.engine.components import Components
from pynenc.invocation.base_invocation import BaseInvocation
from pynenc.plugins import REGISTRY
from pynenc.serializer.signing import PayloadSigner
from pynenc.values.clock import WaitableClock

C = TypeVar("C", bound=BaseComponent)
#: A class, what makes JSON-able data of its objects, and what makes them of that.
RegisteredType = tuple[type, Callable[[Any], Any] | None, Callable[[Any], Any] | None]

#: In the data that stands for an invocation which was passed as a value.
INVOCATION_TAG = "invocation_id"


def build_components(
    conf: ConfigPynenc,
    conf_of: Callable[[type[ConfigBase]], ConfigBase],
    clock: WaitableClock,
    types: Iterable[RegisteredType],
    decode_invocation: Callable[[Any], BaseInvocation[Any]],
) -> Components:
    """Build everything that an app is carried out by.

    Args:
        conf: Names the classes.
        conf_of: The app's settings of one kind.
        clock: For stores that have none of their own.
        types: Classes of values, besides those that serializers know.
        decode_invocation: Makes a handle of the data of an invocation.

    Raises:
        ConfigError: a class that settings name does not exist, or a setting of it is wrong.
    """
    stores: dict[StoreKey, BaseStore] = {}

    def component(base: type[C], name: str) -> C:
        cls = cast("type[C]", REGISTRY.resolve(base, name))
        own = conf_of(cls.config_cls)
        key = cls.store_key(own, conf.app_id)
        if key not in stores:
            stores[key] = cls.make_store(own, conf.app_id, clock)
        return cls.on_store(stores[key])

    orchestrator = component(BaseOrchestrator, conf.orchestrator_cls)
    broker = component(BaseBroker, conf.broker_cls)
    state_backend = component(BaseStateBackend, conf.state_backend_cls)
    data_store = component(BaseClientDataStore, conf.client_data_store_cls)
    trigger = component(BaseTrigger, conf.trigger_cls)
    return Components(
        conf=conf,
        orchestrator_conf=cast("ConfigOrchestrator", conf_of(type(orchestrator).config_cls)),
        data_conf=cast("ConfigClientDataStore", conf_of(type(data_store).config_cls)),
        trigger_conf=cast("ConfigTrigger", conf_of(type(trigger).config_cls)),
        orchestrator=orchestrator,
        broker=broker,
        state_backend=state_backend,
        client_data_store=data_store,
        trigger=trigger,
        serializer=_build_serializer(conf, types, decode_invocation),
        signer=PayloadSigner(conf.app_id, [key.get_secret_value() for key in conf.signing_keys]),
        clock=clock,
    )


def _build_serializer(
    conf: ConfigPynenc,
    types: Iterable[RegisteredType],
    decode_invocation: Callable[[Any], BaseInvocation[Any]],
) -> BaseSerializer:
    cls = cast("type[BaseSerializer]", REGISTRY.resolve(BaseSerializer, conf.serializer_cls))
    serializer = cls()
    serializer.register_type(
        BaseInvocation,
        encode=lambda invocation: {INVOCATION_TAG: invocation.invocation_id, "task": invocation.task_id},
        decode=decode_invocation,
        subclasses=True,
    )
    for registered in types:
        serializer.register_type(*registered)
    return serializer
