"""One server per run of the tests: given by URL, in a container, or a local process, in this order."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.servers.process import ServerEndedError, ServerProcess, free_port

_DOCKER_SECONDS = 3
_READY_SECONDS = 30.0
#: A local server that ends at once is tried again with other ports.
_ATTEMPTS = 3
#: Providers of this process that started something.
_started: list[Provider] = []


@dataclass(frozen=True, slots=True)
class Local:
    """How a server is run on this machine."""

    #: The foreground command for a free port and an empty folder; None when the program is not installed.
    command: Callable[[int, Path], Sequence[str] | None]
    start_seconds: float = 20.0


class Provider:
    """Finds one server, at its first use, and ends what it started.

    The first process exports the address, so that the workers of pytest-xdist and the processes of the tests
    use the same server: each test keeps to itself by an app id or a name of its own.

    Args:
        name: ``redis``; the variables are ``PYNENC_TEST_REDIS_URL`` and ``PYNENC_TEST_REDIS_IMAGE``.
        image: Of the container, unless the variable says otherwise. It has to be on this machine: a test does
            not wait for a download.
        port: That the server in the container listens on.
        url: The address for a host and a port.
        is_ready: Whether the server at an address answers; raises why not. Must return within seconds.
        local: How to run one here.
        container_options: Keyword arguments of ``DockerContainer`` beside the image.
    """

    def __init__(
        self,
        name: str,
        *,
        image: str,
        port: int,
        url: Callable[[str, int], str],
        is_ready: Callable[[str], object],
        local: Local,
        container_options: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self._variable = f"PYNENC_TEST_{name.upper()}_URL"
        self._described = f"PYNENC_TEST_{name.upper()}_PROVIDER"
        self._image = os.environ.get(f"PYNENC_TEST_{name.upper()}_IMAGE") or image
        self._port = port
        self._url = url
        self._is_ready = is_ready
        self._local = local
        self._container_options = container_options or {}
        self._problem: str | None = None
        self._end: Callable[[], object] | None = None

    def url(self) -> str:
        """The address of the server."""
        problem = self.problem()
        assert problem is None, problem
        return os.environ[self._variable]

    def describe(self) -> str:
        """Which server is used."""
        return "no server" if self.problem() else os.environ[self._described]

    def problem(self) -> str | None:
        """Why there is no server; None when there is one."""
        if self._problem is None and self._described not in os.environ:
            self._problem = self._find()
        return self._problem

    def stop(self) -> None:
        """End what was started."""
        if self._end is not None:
            self._end()
            self._end = None
            del os.environ[self._variable], os.environ[self._described]

    def _find(self) -> str | None:
        given = os.environ.get(self._variable)
        if given:
            # The address may hold a password.
            return self._use(given, f"the server of {self._variable}", None)
        problems = []
        for name, start in (("container", self._start_container), ("local process", self._start_local)):
            try:
                address, what, end = start()
            except Exception as error:  # boundary: whatever Docker, a client or a program comes up with
                problems.append(f"{name}: {str(error).splitlines()[0] if str(error) else repr(error)}")
                continue
            problem = self._use(address, what, end)
            if problem is None:
                return None
            end()
            problems.append(f"{name}: {problem}")
        return f"{self._variable} is not set; " + "; ".join(problems)

    def _use(self, address: str, what: str, end: Callable[[], object] | None) -> str | None:
        deadline = time.monotonic() + (_READY_SECONDS if end else _DOCKER_SECONDS)
        while True:
            try:
                self._is_ready(address)
                break
            except Exception as error:  # boundary: as above
                if time.monotonic() > deadline:
                    return f"{what} does not answer: {error}"
                time.sleep(0.05)
        os.environ[self._variable], os.environ[self._described] = address, what
        self._end = end
        if end is not None:
            _started.append(self)
        return None

    def _start_container(self) -> tuple[str, str, Callable[[], object]]:
        # Containers are ended by us; a second one that watches over them would have to be downloaded.
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        import docker  # noqa: PLC0415 - slow, and most runs need neither
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415

        client = docker.from_env(timeout=_DOCKER_SECONDS)
        try:
            client.images.get(self._image)
        finally:
            client.close()
        container = DockerContainer(self._image, **self._container_options).with_exposed_ports(self._port)
        container.start()
        address = self._url("127.0.0.1", int(container.get_exposed_port(self._port)))
        return address, f"a container of {self._image}", container.stop

    def _start_local(self) -> tuple[str, str, Callable[[], object]]:
        for _ in range(_ATTEMPTS - 1):
            with suppress(ServerEndedError):
                return self._start_process()
        return self._start_process()

    def _start_process(self) -> tuple[str, str, Callable[[], object]]:
        folder = Path(tempfile.mkdtemp(prefix=f"pynenc-{self.name}-"))
        port = free_port()
        address = self._url("127.0.0.1", port)
        command = self._local.command(port, folder)
        if command is None:
            folder.rmdir()
            raise FileNotFoundError(f"no {self.name} server is installed")
        process = ServerProcess(
            command, folder, lambda: self._is_ready(address) or True, self._local.start_seconds
        )

        def end() -> None:
            process.stop()
            shutil.rmtree(folder, ignore_errors=True)

        try:
            process.start()
        except BaseException:
            end()
            raise
        return address, f"a private {Path(command[0]).name} on port {port}", end


def stop_all() -> None:
    """End every server that this process started."""
    while _started:
        with suppress(Exception):
            _started.pop().stop()
