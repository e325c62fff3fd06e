"""``pynenc monitor`` as a program of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from pynenc.values.status import InvocationStatus

from .conftest import eventually

SECRETS = {"viewer": "0123456789-of-a-viewer", "operator": "0123456789-of-an-operator"}


@pytest.fixture
def served(shop: ModuleType, store_settings: dict[str, Any], tmp_path: Path) -> Iterator[str]:
    """The address of a monitor that knows the shop's store by its settings alone."""
    tokens = tmp_path / "tokens"
    tokens.write_text("\n".join(f"{role} some-{role} {secret}" for role, secret in SECRETS.items()))
    tokens.chmod(0o600)
    settings = {**store_settings, "app_id": "shop", "logging_level": "warning"}
    environment = {f"PYNENC__{name.upper()}": str(value) for name, value in settings.items()}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pynenc", "monitor", "--port", str(port), "--allow-actions"),
            *("--auth-token-file", tokens, "--audit-file", tmp_path / "audit"),
        ],
        env={**os.environ, **environment},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        eventually(lambda: answers(address + "healthz"))
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=30)


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


def test_programs_look_and_act_by_their_tokens(shop: ModuleType, served: str, tmp_path: Path) -> None:
    as_viewer, as_operator = ({"Authorization": f"Bearer {SECRETS[role]}"} for role in ("viewer", "operator"))
    assert httpx.get(served + "metrics").status_code == 401
    assert "pynenc_queue_depth 0" in httpx.get(served + "metrics", headers=as_viewer).text
    waiting = shop.charge(1, 1.0)
    path = f"{served}api/v1/invocations/{waiting.invocation_id}"
    assert httpx.get(path, headers=as_viewer).json()["invocation"]["status"] == "registered"
    assert httpx.post(path + "/cancel", headers=as_viewer).status_code == 403
    assert httpx.post(path + "/cancel?cascade=true", headers=as_operator).status_code == 200
    assert waiting.status is InvocationStatus.CANCELLED
    made = httpx.post(path + "/rerun", headers=as_operator).json()["invocation_id"]
    assert shop.app.get_invocation(made).record.rerun_of == waiting.invocation_id
    entries = [json.loads(line) for line in (tmp_path / "audit").read_text().splitlines()]
    assert [(one["who"], one["action"], one["result"]) for one in entries] == [
        ("some-viewer", "POST /api/v1/invocations/{invocation_id}/cancel", "denied"),
        ("some-operator", "cancel", "done"),
        ("some-operator", "rerun", "done"),
    ]


def test_without_tokens_a_link_for_this_run_is_shown_once_for_all_apps(
    store_settings: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("shop", "other"):
        settings = {**store_settings, "app_id": name, "logging_level": "warning"}
        (tmp_path / f"{name}_app.py").write_text(f"from pynenc import Pynenc\napp = Pynenc({settings!r})\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    apps = ("--app", "shop_app.py", "monitor", "--also", "other_app")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pynenc", *apps, "--port", str(port)),
            *("--allow-actions", "--log-level", "debug"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        link, _, secret = process.stdout.readline().split()[-1].partition("#t=")
        assert link == f"{address}login"
        eventually(lambda: answers(address + "healthz"))
        assert httpx.get(address, follow_redirects=True).status_code == 401
        for app_id in ("shop", "other"):
            page = httpx.get(f"{address}a/{app_id}/audit", headers={"Authorization": f"Bearer {secret}"})
            assert f"Audit · {app_id}</title>" in page.text
    finally:
        process.terminate()
        rest = process.communicate(timeout=30)
    assert len(secret) >= 32
    assert all(secret not in text for text in rest)
