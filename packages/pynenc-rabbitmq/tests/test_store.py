"""RabbitStore: what it does without a server."""

from __future__ import annotations

import threading

import pytest

from pynenc import PynencBuilder


def test_what_was_never_connected_is_closed_without_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    start = threading.Thread.start

    def note(thread: threading.Thread) -> None:
        started.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", note)
    app = PynencBuilder().app_id("a").memory().rabbitmq("amqp://nowhere.invalid/%2F").build()  # type: ignore[attr-defined]
    app.broker.acknowledge(["1.1"])  # of an earlier connection: the server is told nothing
    app.close()
    assert "pynenc-rabbitmq" not in started
