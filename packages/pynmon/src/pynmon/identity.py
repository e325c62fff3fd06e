"""Who asks, and how far that person may go."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from starlette.types import Scope

from pynenc.exceptions import ConfigError

#: A token of less could be found by trying: 22 characters of base64, or 32 of hexadecimal digits, are 128 bits.
_SHORTEST = 22
_NAME = re.compile(r"[\w.@+-]{1,64}")


class Role(IntEnum):
    """Each may do what those below it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who asks."""

    #: Empty for everybody, where nobody has to say who they are.
    name: str
    role: Role
    #: What forms of this person are known by; empty when no browser sends anything by itself.
    form_key: bytes = b""
    #: Whether arguments, results and what exceptions said are shown, and what has to do with log lines.
    sees_payloads: bool = True
    sees_logs: bool = True

    @property
    def form_token(self) -> str:
        """What a form of this person has to carry; empty when it needs nothing.

        Another one each time: how well a page is compressed would tell, bit by bit, what is in all of them.
        """
        pad = secrets.token_bytes(len(self.form_key))
        return (pad + _xor(pad, self.form_key)).hex()

    def sent(self, form_token: str) -> bool:
        """Whether a form that carries this is from a page that this person was given."""
        try:
            given = bytes.fromhex(form_token)
        except ValueError:
            return False
        length = len(self.form_key)
        if len(given) != 2 * length:
            return not length
        return hmac.compare_digest(_xor(given[:length], given[length:]), self.form_key)

    @property
    def may_act(self) -> bool:
        """Whether anything may be changed."""
        return self.role >= Role.OPERATOR

    @property
    def is_admin(self) -> bool:
        """Whether what is for admins may be done."""
        return self.role >= Role.ADMIN


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A secret that stands for somebody. The secret itself is not kept, only its hash."""

    role: Role
    name: str
    digest: bytes

    @classmethod
    def of(cls, role: Role, name: str, secret: str) -> Self:
        """A token.

        Args:
            role: What its bearer may do.
            name: Who that is, for the audit.
            secret: At least 22 characters that nobody can guess.

        Raises:
            ConfigError: the secret is too short, or the name has characters that names have not.
        """
        # Neither is shown: somebody may have mixed them up.
        if not _NAME.fullmatch(name):
            raise ConfigError(
                "the name that belongs to an access token has letters, digits and . @ + - _ only"
            )
        if len(secret) < _SHORTEST:
            raise ConfigError(
                f"an access token of {len(secret)} characters is one that somebody could guess: take at least "
                f"{_SHORTEST}, for example those of `python -c 'import secrets; print(secrets.token_urlsafe())'`"
            )
        return cls(role, name, _digest(secret))


def tokens_of(lines: Iterable[str], origin: str) -> tuple[AccessToken, ...]:
    """Tokens from lines of ``ROLE NAME SECRET``; empty lines and those that begin with ``#`` are passed over.

    Args:
        lines: The lines.
        origin: Where they are from, for errors, which never show a secret.

    Raises:
        ConfigError: a line is wrong, or a name appears twice.
    """
    found: dict[str, AccessToken] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        roles = {role.name.lower(): role for role in Role}
        if len(words) != 3 or words[0] not in roles:
            raise ConfigError(
                f"{origin}, line {number}: expected ROLE NAME SECRET, with one of {', '.join(roles)}"
            )
        try:
            token = AccessToken.of(roles[words[0]], words[1], words[2])
        except ConfigError as error:
            raise ConfigError(f"{origin}, line {number}: {error}") from None
        if token.name in found:
            raise ConfigError(f"{origin}, line {number}: there is a token of that name already")
        found[token.name] = token
    return tuple(found.values())


def owner_of(tokens: Iterable[AccessToken], secret: str) -> AccessToken | None:
    """The token with this secret; takes equally long whichever it is, and when it is none."""
    digest = _digest(secret)
    found = None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right, strict=True))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


_KEY = "pynmon.identity"


def remember(scope: Scope, identity: Identity) -> None:
    """Note who sent a request."""
    scope[_KEY] = identity


def identity_of(scope: Scope) -> Identity | None:
    """Who sent a request; None when nobody knows."""
    found: Identity | None = scope.get(_KEY)
    return found
