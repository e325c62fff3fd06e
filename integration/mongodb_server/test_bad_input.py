"""Settings that lead nowhere, values that cannot be stored, and documents that somebody altered by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from integration.mongodb_server.conftest import own_server
from integration.mongodb_server.own_server import OwnServer
from integration.mongodb_server.world import store_of, world_on
from integration.world import RESULT, World, call, finish, ids

from pynenc.contracts import PayloadKey, PayloadKind
from pynenc.exceptions import ConfigError, CorruptDataError, StoreError, StoreUnavailableError
from pynenc_mongodb import schema
from pynenc_mongodb.conf import ConfigOrchestratorMongo
from pynenc_mongodb.orchestrator import MongoOrchestrator

LARGE = "ü" * (9 * 1024 * 1024)  # 18 MiB


@pytest.fixture
def world(server: OwnServer) -> Iterator[World]:
    made = world_on(server)
    yield made
    made.clear()


# -- settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a/b", "a\\b", 'a"b', "$a", "a\0b", "x" * 64])
def test_an_illegal_database_name_is_refused_before_anything_is_sent(name: str) -> None:
    conf = ConfigOrchestratorMongo({"mongo_db": name})
    with pytest.raises(ConfigError, match="mongo_db"):
        MongoOrchestrator.store_key(conf, "app")


@pytest.mark.parametrize(
    "url", ["http://host", "mongodb://", "mongodb://u:se%cret@", "mongodb://:secret@host:port/x"]
)
def test_an_url_that_names_no_server_is_refused_without_its_password(url: str) -> None:
    conf = ConfigOrchestratorMongo({"mongo_url": url})
    with pytest.raises(ConfigError, match="mongo_url") as raised:
        MongoOrchestrator.store_key(conf, "app")
    assert "secret" not in str(raised.value)


def test_a_server_that_is_not_there_is_named_with_the_remedy() -> None:
    conf = ConfigOrchestratorMongo(
        {"mongo_url": "mongodb://user:secret@127.0.0.1:1/", "socket_connect_timeout": 0.2}
    )
    store = MongoOrchestrator.make_store(conf, "app", clock=None)  # type: ignore[arg-type]
    with pytest.raises(
        StoreUnavailableError, match=r"127\.0\.0\.1:1/pynenc cannot be reached.*is it running"
    ) as raised:
        store.now()
    assert "secret" not in str(raised.value)


def test_wrong_credentials_are_said_to_be_wrong_at_once(tmp_path: Path) -> None:
    with own_server(tmp_path / "auth", standalone=True) as server:
        server.client.admin.command("createUser", "me", pwd="right", roles=["readWriteAnyDatabase"])
        # Without --auth nobody needs a password, but one that is wrong is refused.
        with_password = f"mongodb://me:{{}}@127.0.0.1:{server.port}/?directConnection=true&authSource=admin"
        wrong = world_on(server, mongo_url=with_password.format("secret"))
        with pytest.raises(StoreError, match="mongo_username, mongo_password") as raised:
            wrong.submit("one")
        assert not isinstance(raised.value, StoreUnavailableError), "it does not pass by waiting"
        assert "secret" not in str(raised.value)
        right = world_on(server, mongo_url=with_password.format("right"))
        assert right.submit("one") == ids("one")
        apart = {"mongo_url": "", "mongo_host": "127.0.0.1", "mongo_port": server.port}
        named = world_on(server, right.app_id, **apart, mongo_username="me", mongo_password="right")
        assert named.submit("one") == ids("one")
        for made in (wrong, right, named):
            made.close()


# -- values -------------------------------------------------------------------------------------------


def test_texts_of_more_than_a_document_holds_come_back(world: World) -> None:
    world.submit(call("one", arguments=LARGE))
    claim = world.claim()
    assert claim.arguments == LARGE
    world.do(finish(claim, replace(RESULT, data=LARGE + "!")))
    record = world.record("one")
    assert record.arguments == LARGE
    assert record.outcome is not None
    assert record.outcome.data == LARGE + "!"
    (answer,) = world.orchestrator.submit([call("one", arguments="other")], {}, enqueue=True)
    assert answer.arguments == LARGE
    pieces = store_of(world).collection(schema.PIECES)
    assert pieces.count_documents({"a": store_of(world).app}) == 6
    world.orchestrator.delete(ids("one"))
    assert pieces.count_documents({"a": store_of(world).app}) == 0


def test_large_values_and_payloads_of_more_than_a_document_holds_come_back(world: World) -> None:
    world.client_data_store.put({"h": LARGE})
    assert world.client_data_store.get(["h"]) == {"h": LARGE}
    key = PayloadKey(ids("one")[0], 0, PayloadKind.ARGUMENTS)
    world.state_backend.put_payloads({key: LARGE})
    assert world.state_backend.get_payloads([key]) == {key: LARGE}
    world.client_data_store.delete(["h"], 0)
    world.state_backend.delete_payloads(ids("one"))
    assert store_of(world).collection(schema.PIECES).count_documents({"a": store_of(world).app}) == 0


def test_each_component_purges_the_pieces_that_are_its_own(world: World) -> None:
    world.submit(call("one", arguments=LARGE))
    world.client_data_store.put({"h": LARGE})
    key = PayloadKey(ids("one")[0], 0, PayloadKind.ARGUMENTS)
    world.state_backend.put_payloads({key: LARGE})
    world.orchestrator.purge()
    assert world.client_data_store.get(["h"]) == {"h": LARGE}
    world.client_data_store.purge()
    assert world.state_backend.get_payloads([key]) == {key: LARGE}
    world.state_backend.purge()
    assert store_of(world).collection(schema.PIECES).count_documents({"a": store_of(world).app}) == 0


def test_a_batch_with_a_value_that_cannot_be_stored_registers_nothing(world: World) -> None:
    with pytest.raises(StoreError, match="cannot hold a value"):
        world.submit(call("one"), call("two", args_preview="\ud800"))
    assert world.orchestrator.count_by_status() == {}


def test_texts_that_look_like_operators_are_texts(world: World) -> None:
    odd: dict[str, Any] = {"cc_key": "$where", "cc_limit": 1, "reg_key": "$gt", "arguments": "$arguments"}
    world.submit(call("$set", task_id="$task.$id", **odd))
    claim = world.claim(token="$token")
    assert (claim.invocation_id, claim.arguments) == ("$set", "$arguments")
    world.do(finish(claim, replace(RESULT, data="$data", preview="{$ne: 1}")))
    record = world.record("$set")
    assert record.outcome == replace(RESULT, data="$data", preview="{$ne: 1}")


# -- altered by hand ----------------------------------------------------------------------------------


def _alter(world: World, name: str, change: dict[str, Any]) -> None:
    store = store_of(world)
    store.collection(schema.INVOCATIONS).update_one({"_id": store.key(name)}, change)


def test_a_status_that_nobody_knows_is_named(world: World) -> None:
    world.submit("one", "two")
    _alter(world, "one", {"$set": {"status": "sleeping"}})
    with pytest.raises(CorruptDataError, match="'sleeping'"):
        world.record("one")
    assert world.claim(ids=ids("two")).invocation_id == "two"


@pytest.mark.parametrize("change", [{"$unset": {"seq": ""}}, {"$set": {"status": "sleeping"}}])
def test_a_document_that_cannot_be_run_keeps_nobody_from_the_others(
    world: World, caplog: pytest.LogCaptureFixture, change: dict[str, Any]
) -> None:
    world.submit("one", "two")
    _alter(world, "one", change)
    assert world.claim().invocation_id == "two"
    assert "taken out of the queue" in caplog.text
    assert "one" in caplog.text
    assert world.claims() == []


def test_a_history_that_cannot_be_read_is_named(world: World) -> None:
    world.submit("one")
    _alter(world, "one", {"$push": {"history": ["?"]}})
    with pytest.raises(CorruptDataError, match="history"):
        world.history("one")


def test_a_place_that_was_given_to_nobody_is_freed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pynenc_mongodb.slots._GRACE_SECONDS", 0.0)
    world.submit("one", cc_key="k", cc_limit=1, cc_park=True)
    store = store_of(world)
    store.collection(schema.SLOTS).insert_one(
        {"_id": store.key("k"), "a": store.app, "holders": [{"id": "nobody", "token": "t", "at": 0.0}]}
    )
    assert world.claims() == []
    world.orchestrator.repair()
    assert world.claim().invocation_id == "one"
