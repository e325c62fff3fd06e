"""Signatures of stored payloads, verified before anything is parsed."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from pynenc.exceptions import ConfigError, SignatureError

#: No serializer writes text that begins like this.
_PREFIX = "pynenc-signed:"
_VERSION = "1"


class PayloadSigner:
    """Signs what is stored, and refuses what nobody signed for the place where it is found.

    The signature is HMAC-SHA-256 over format version, key name, app, kind, invocation, field and payload, so
    that a payload is valid only where it was written. Without keys everything passes unchanged.

    Args:
        app_id: The app that the payloads belong to.
        keys: Keys as ``name:key``. The first one signs, all of them verify.

    Raises:
        ConfigError: a key is not of that form, or two have the same name.
    """

    __slots__ = ("_app_id", "_head", "_keys", "_signing_key", "enabled")

    def __init__(self, app_id: str, keys: Sequence[str] = ()) -> None:
        self._app_id = app_id
        self._keys: dict[str, bytes] = {}
        for position, entry in enumerate(keys):
            name, separator, key = entry.partition(":")
            # The entry itself stays out of the message: it is a secret.
            if not (name and separator and key):
                raise ConfigError(f"signing_keys: entry {position} is not of the form 'name:key'")
            if name in self._keys:
                raise ConfigError(f"signing_keys: two keys have the name {name!r}")
            self._keys[name] = _utf8(key)
        #: Whether there are keys.
        self.enabled = bool(self._keys)
        first = next(iter(self._keys), "")
        self._signing_key = self._keys.get(first, b"")
        self._head = f"{_PREFIX}{_VERSION}:{first}:"

    def sign(self, text: str, *, kind: str, invocation_id: str, field: str) -> str:
        """The text to store in place of ``text``."""
        if not self.enabled:
            return text
        mac = self._mac(self._signing_key, self._head, (kind, invocation_id, field, text))
        return f"{self._head}{mac}:{text}"

    def verify(self, text: str, *, kind: str, invocation_id: str, field: str) -> str:
        """The text that was signed.

        Raises:
            SignatureError: it is unsigned, was changed, was signed for another place, or with a key that is
                not among ``signing_keys``.
        """
        if not self.enabled:
            if text.startswith(_PREFIX):
                raise SignatureError(
                    f"{_place(kind, invocation_id)} is signed, but this process has no key: set signing_keys"
                )
            return text
        if not text.startswith(_PREFIX):
            raise SignatureError(
                f"{_place(kind, invocation_id)} carries no signature, but this app has signing_keys: it was "
                "written by a process without keys, or by somebody else"
            )
        name, mac, payload = _split(text)
        key = self._keys.get(name)
        if key is not None:
            right = self._mac(
                key, f"{_PREFIX}{_VERSION}:{name}:", (kind, invocation_id, field, payload)
            ).encode()
            if hmac.compare_digest(right, _utf8(mac)):
                return payload
        raise SignatureError(
            f"the signature of {_place(kind, invocation_id)} is not valid: the data was changed, moved from "
            f"another place, or signed with a key that is not in signing_keys (known: {', '.join(self._keys)})"
        )

    def _mac(self, key: bytes, head: str, parts: tuple[str, ...]) -> str:
        # Each part is preceded by its length: no two lists of parts give the same bytes.
        message = bytearray()
        for part in (head, self._app_id, *parts):
            data = _utf8(part)
            message += len(data).to_bytes(8, "big")
            message += data
        return hmac.digest(key, message, "sha256").hex()

    def __repr__(self) -> str:
        return f"PayloadSigner(app_id={self._app_id!r}, keys={list(self._keys)})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a PayloadSigner holds keys and is not pickled; build one from the configuration")


def _split(text: str) -> tuple[str, str, str]:
    """Key name, signature and payload; what is malformed gives a name that no key has."""
    parts = text[len(_PREFIX) :].split(":", 3)
    if len(parts) == 4 and parts[0] == _VERSION:
        return parts[1], parts[2], parts[3]
    return "", "", ""


def _place(kind: str, invocation_id: str) -> str:
    return f"the stored data ({kind}) of invocation '{invocation_id}'"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
