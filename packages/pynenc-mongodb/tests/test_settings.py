from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from pynenc import PynencBuilder
from pynenc.exceptions import (
    CommitUnknownError,
    ConfigError,
    PayloadTooLargeError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)
from pynenc_mongodb.conf import ConfigBrokerMongo, ConfigOrchestratorMongo
from pynenc_mongodb.errors import translation
from pynenc_mongodb.orchestrator import MongoOrchestrator
from pynenc_mongodb.server import app_key, location_of


def _builder() -> Any:
    return PynencBuilder().app_id("shop").dummy_runner()


@pytest.mark.parametrize("name", ["mongodb", "mongo"])
def test_one_call_of_the_builder_puts_everything_there(name: str) -> None:
    app = getattr(_builder(), name)("mongodb://user:secret@db:27018/", database="shop").build()
    parts = app.engine.components
    components = (
        parts.orchestrator,
        parts.broker,
        parts.state_backend,
        parts.client_data_store,
        parts.trigger,
    )
    assert {type(part).__name__ for part in components} == {
        "MongoOrchestrator",
        "MongoBroker",
        "MongoStateBackend",
        "MongoClientDataStore",
        "MongoTrigger",
    }
    assert len({id(part.store) for part in components}) == 1


def test_what_the_url_says_is_not_said_twice() -> None:
    with pytest.raises(ValueError, match=r"host, password.*the url says that already"):
        _builder().mongodb("mongodb://db/", host="other", password="x")
    with pytest.raises(ValueError, match="give one of them"):
        _builder().mongodb(database="a", db="b")


@pytest.mark.parametrize("section", ["mongodb", "mongo", "broker_mongo", "BrokerMongo"])
def test_settings_are_found_in_their_sections(section: str) -> None:
    conf = ConfigBrokerMongo({section: {"mongo_host": "db", "mongo_db": "shop"}})
    assert location_of(conf) == "db:27017/shop"


def test_components_at_one_place_share_a_store() -> None:
    one = ConfigOrchestratorMongo({"mongo_url": "mongodb://me:secret@a,b:2/shop?replicaSet=rs"})
    key = MongoOrchestrator.store_key(one, "app")
    assert (key.kind, key.location) == ("mongodb", "a,b:2/shop")
    two = ConfigOrchestratorMongo(
        {"mongo_url": "mongodb+srv://me:secret@cluster.example/?x=1", "mongo_db": "shop"}
    )
    assert MongoOrchestrator.store_key(two, "app").location == "cluster.example/shop"


def test_passwords_are_not_shown() -> None:
    conf = ConfigOrchestratorMongo({"mongo_url": "mongodb://me:secret@db/", "mongo_password": "secret"})
    assert "secret" not in repr(conf) + conf.display("mongo_url") + conf.display("mongo_password")


@pytest.mark.parametrize(
    ("app_ids"), [("a.b", "a_b"), ("App", "app"), ("ünï", "uni"), ("x" * 200, "x" * 199), ("", " ")]
)
def test_apps_have_different_keys_of_harmless_characters(app_ids: tuple[str, str]) -> None:
    keys = [app_key(app_id) for app_id in app_ids]
    assert len(set(keys)) == 2
    assert all(key.replace("_", "").isalnum() and key.isascii() and len(key) < 40 for key in keys)


@pytest.mark.parametrize("value", [0, 17 * 1024 * 1024])
def test_a_threshold_that_a_document_could_not_hold_is_refused(value: int) -> None:
    with pytest.raises(ConfigError, match="chunk_threshold"):
        ConfigOrchestratorMongo({"chunk_threshold": value})


def test_settings_of_earlier_versions_are_accepted() -> None:
    published = {
        "max_retries": 3,
        "retry_base_delay": 0.1,
        "retry_max_delay": 60,
        "retry_max_time": 300,
        "retry_indefinitely": False,
        "chunk_threshold": 15 * 1024 * 1024,
        "stale_lock_threshold_seconds": 5.0,
        "lock_max_retries": 3,
        "lock_retry_base_delay": 0.05,
    }
    app = _builder().mongo("mongodb://db/shop").custom_config(mongo=published).build()
    assert isinstance(app.engine.components.orchestrator, MongoOrchestrator)


def _failed(code: int) -> OperationFailure:
    return OperationFailure("no", code, {"errmsg": "no", "code": code})


@pytest.mark.parametrize(
    ("error", "reading", "writing"),
    [
        (ServerSelectionTimeoutError("x"), StoreUnavailableError, StoreUnavailableError),
        (AutoReconnect("x"), StoreUnavailableError, CommitUnknownError),
        (NotPrimaryError("x"), StoreUnavailableError, CommitUnknownError),
        (_failed(11601), StoreUnavailableError, CommitUnknownError),
        (_failed(112), StoreBusyError, StoreBusyError),
        (_failed(14031), StoreFullError, StoreFullError),
        (_failed(10334), PayloadTooLargeError, PayloadTooLargeError),
        (_failed(18), StoreError, StoreError),
        (
            BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64, "errmsg": "no"}]}),
            StoreUnavailableError,
            CommitUnknownError,
        ),
    ],
    ids=str,
)
def test_errors_say_whether_something_may_have_been_written(
    error: PyMongoError, reading: type[StoreError], writing: type[StoreError]
) -> None:
    assert type(translation("here", error, writing=False)) is reading
    assert type(translation("here", error, writing=True)) is writing
    assert "here" in str(translation("here", error, writing=True))


def test_an_app_that_uses_another_backend_imports_no_driver() -> None:
    code = (
        "import sys; from pynenc import PynencBuilder; PynencBuilder().memory().mongo_trigger; "
        "sys.exit('pymongo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
