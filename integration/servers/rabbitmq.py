"""RabbitMQ."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pika
from integration.servers.process import free_port
from integration.servers.provider import Local, Provider

#: Where packages have it; the program on the PATH may insist on being another user.
_PROGRAMS = (Path("/usr/lib/rabbitmq/bin"), Path("/opt/homebrew/sbin"), Path("/usr/local/sbin"))
#: Without schedulers that burn the processors while they wait for work, on two cores that tests need as well.
_ERLANG_OPTIONS = "+sbwt none +sbwtdcpu none +sbwtdio none"
#: Erlang's register of names: one of our own, which ends with the server, whatever else runs on this machine. One
#: that ends together with a server that was killed may still be there when that server is started again.
_START = """\
answers() {{ epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; }}
give_up() {{ echo "epmd $1 port $ERL_EPMD_PORT" >&2; exit 1; }}
left=500
while answers; do
    [ $((left -= 1)) -gt 0 ] || give_up "of somebody else has"
    sleep 0.02
done
if command -v setpriv >/dev/null; then ends_with_parent="setpriv --pdeathsig KILL"; fi
$ends_with_parent epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
epmd=$!
until answers; do
    kill -0 $epmd 2>/dev/null || give_up "ended instead of listening on"
    sleep 0.02
done
exec "{program}"
"""
#: Of a server on a machine that is busy with something else.
START_SECONDS = 120.0
#: Likewise.
_HANDSHAKE_SECONDS = 10


def address_of(host: str, port: int) -> str:
    """The address of a server with the defaults."""
    return f"amqp://guest:guest@{host}:{port}/%2F"


def is_ready(url: str) -> bool:
    """Whether a server lets somebody in; raises why not."""
    parameters = pika.URLParameters(url)
    # The driver logs at length why it could not connect.
    socket.create_connection((parameters.host, parameters.port), 2).close()
    parameters.socket_timeout = parameters.stack_timeout = _HANDSHAKE_SECONDS
    parameters.blocked_connection_timeout = _HANDSHAKE_SECONDS
    pika.BlockingConnection(parameters).close()
    return True


def command(port: int, folder: Path) -> Sequence[str] | None:
    """A server that nobody else uses, with its data in ``folder``; started again it finds them."""
    programs = _programs()
    if programs is None:
        return None
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.local = 127.0.0.1:{port}\nlog.console = true\nlog.console.level = warning\nlog.file = false\n"
        "disk_free_limit.absolute = 50MB\n"
    )
    names = {
        "HOME": folder,
        "ERL_EPMD_PORT": free_port(),
        "RABBITMQ_NODENAME": f"pynenc{port}@localhost",
        "RABBITMQ_NODE_PORT": port,
        "RABBITMQ_DIST_PORT": free_port(),
        "RABBITMQ_MNESIA_BASE": folder / "mnesia",
        "RABBITMQ_LOG_BASE": folder / "log",
        "RABBITMQ_CONFIG_FILE": folder / "rabbitmq",
        "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "plugins",
        "RABBITMQ_PID_FILE": folder / "pid",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_OPTIONS,
        "RUNNING_UNDER_SYSTEMD": "true",  # stay this very process
    }
    variables = [f"export {name}={shlex.quote(str(value))}\n" for name, value in names.items()]
    (folder / "environment").write_text("".join(variables))
    script = folder / "rabbitmq-server"
    script.write_text(f"#!/bin/sh\n. {folder}/environment\n{_START.format(program=programs / script.name)}")
    script.chmod(0o755)
    return [str(script)]


def control(folder: Path, *arguments: str) -> str:
    """What ``rabbitmqctl`` says about the server that ``command`` keeps in a folder."""
    programs = _programs()
    assert programs is not None
    script = f'. {folder}/environment; exec "{programs}/rabbitmqctl" -q "$@"'
    answer = subprocess.run(
        ["sh", "-c", script, "rabbitmqctl", *arguments], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, f"rabbitmqctl {' '.join(arguments)}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def _programs() -> Path | None:
    found = next((folder for folder in _PROGRAMS if (folder / "rabbitmq-server").exists()), None)
    if found is None and (program := shutil.which("rabbitmq-server")):
        return Path(program).parent
    return found


PROVIDER = Provider(
    "rabbitmq",
    image="rabbitmq:3",
    port=5672,
    url=address_of,
    is_ready=is_ready,
    local=Local(command, START_SECONDS),
)
