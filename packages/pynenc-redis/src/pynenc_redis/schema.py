"""Which version of the key space an app has: its first writer says so, whoever connects looks."""

from __future__ import annotations

from redis.connection import AbstractConnection

from pynenc.exceptions import CorruptDataError, SchemaVersionError

#: Grows with each change of the keys that an older version would misread; ``lua/schema.lua`` writes it.
VERSION = 1
_SECTIONS = ("o:", "b:")


def require_known_schema(connection: AbstractConnection, where: str, prefix: str) -> None:
    """Look at what is stored under a prefix, once for each connection.

    Raises:
        SchemaVersionError: a newer version of this package wrote there.
        CorruptDataError: somebody else wrote there.
    """
    connection.send_command("MGET", *(f"{prefix}{section}schema" for section in _SECTIONS))
    for found in filter(None, connection.read_response()):
        if not found.isdecimal():
            raise CorruptDataError(f"{where}: a key {prefix}*schema was written by somebody else")
        if int(found) > VERSION:
            raise SchemaVersionError(
                f"{where}: the keys {prefix}* were written by a newer pynenc (schema {found}, this one knows "
                f"{VERSION}): upgrade pynenc-redis here, or use another app_id or database"
            )
