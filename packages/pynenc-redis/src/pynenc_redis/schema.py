"""Which version of the key space an app has: its first writer says so, whoever connects looks."""

from __future__ import annotations

from contextlib import suppress

from redis.connection import AbstractConnection
from redis.exceptions import ResponseError

from pynenc.exceptions import CorruptDataError, SchemaVersionError
from pynenc_redis import scripts

#: Grows with each change of the keys that an older version would misread; ``lua/schema.lua`` writes it.
VERSION = 3
_SECTIONS = ("o:", "b:")
_RAISE = scripts.load("raise_schema")


def require_known_schema(connection: AbstractConnection, where: str, prefix: str) -> None:
    """Look at what is stored under a prefix, once for each connection.

    What an older version wrote is carried on, and from then on those that know only that are refused.

    Raises:
        SchemaVersionError: a newer version of this package wrote there.
        CorruptDataError: somebody else wrote there.
    """
    connection.send_command("MGET", *(f"{prefix}{section}schema" for section in _SECTIONS))
    versions = list(filter(None, connection.read_response()))
    for found in versions:
        if not found.isdecimal():
            raise CorruptDataError(f"{where}: a key {prefix}*schema was written by somebody else")
        if int(found) > VERSION:
            raise SchemaVersionError(
                f"{where}: the keys {prefix}* were written by a newer pynenc (schema {found}, this one knows "
                f"{VERSION}): upgrade pynenc-redis here, or use another app_id or database"
            )
    if any(int(found) < VERSION for found in versions):
        _raise(connection, prefix)


def _raise(connection: AbstractConnection, prefix: str) -> None:
    goes_on_from = None
    # Who may not write leaves that to those who do.
    with suppress(ResponseError):
        while goes_on_from != "":
            connection.send_command("EVAL", _RAISE.text, 1, prefix, VERSION, goes_on_from or "", *_SECTIONS)
            goes_on_from = connection.read_response()
