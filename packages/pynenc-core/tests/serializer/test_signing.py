"""A payload is valid only where, and as, it was written."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from pynenc.exceptions import ConfigError, SignatureError
from pynenc.serializer.signing import PayloadSigner

PLACE: dict[str, str] = {"kind": "arguments", "invocation_id": "i-1", "field": "x"}
SECRET = "a-long-random-secret"


@pytest.fixture
def signer() -> PayloadSigner:
    return PayloadSigner("shop", [f"new:{SECRET}", "old:another:secret"])


@pytest.mark.parametrize(
    "text", ["", "{}", "é😀", "\ud800", "a:b:c", "x" * 10_000, "pynenc-signed:1:new:00:x"]
)
def test_what_was_signed_is_verified(signer: PayloadSigner, text: str) -> None:
    signed = signer.sign(text, **PLACE)
    assert signed != text
    assert signer.verify(signed, **PLACE) == text


def test_without_keys_nothing_changes() -> None:
    signer = PayloadSigner("shop", [])
    text = '={"a":1}'
    assert signer.sign(text, **PLACE) is text
    assert signer.verify(text, **PLACE) is text
    assert not signer.enabled


def test_unsigned_is_refused_with_keys(signer: PayloadSigner) -> None:
    with pytest.raises(SignatureError, match="no signature"):
        signer.verify("={}", **PLACE)


def test_signed_is_refused_without_keys(signer: PayloadSigner) -> None:
    with pytest.raises(SignatureError, match="set signing_keys"):
        PayloadSigner("shop").verify(signer.sign("x", **PLACE), **PLACE)


def test_every_change_of_a_character_is_refused(signer: PayloadSigner) -> None:
    signed = signer.sign('{"amount":10}', **PLACE)
    for position, char in enumerate(signed):
        for other in {chr(ord(char) ^ 1), chr(ord(char) ^ 32), "é", ""}:
            changed = signed[:position] + other + signed[position + 1 :]
            with pytest.raises(SignatureError):
                signer.verify(changed, **PLACE)
    for changed in (signed + " ", signed[:-1], signed.upper(), ""):
        with pytest.raises(SignatureError):
            signer.verify(changed, **PLACE)


@pytest.mark.parametrize(
    "other",
    [{"kind": "result"}, {"invocation_id": "i-2"}, {"field": "y"}, {"field": ""}, {"invocation_id": ""}],
)
def test_a_moved_payload_is_refused(signer: PayloadSigner, other: dict[str, str]) -> None:
    with pytest.raises(SignatureError, match="moved"):
        signer.verify(signer.sign("x", **PLACE), **(PLACE | other))


def test_another_app_is_refused(signer: PayloadSigner) -> None:
    with pytest.raises(SignatureError):
        PayloadSigner("other", [f"new:{SECRET}"]).verify(signer.sign("x", **PLACE), **PLACE)


def test_parts_cannot_be_shifted(signer: PayloadSigner) -> None:
    signed = signer.sign("x", kind="ab", invocation_id="c", field="")
    for kind, invocation_id, field in [("a", "bc", ""), ("abc", "", ""), ("ab", "", "c"), ("", "abc", "")]:
        with pytest.raises(SignatureError):
            signer.verify(signed, kind=kind, invocation_id=invocation_id, field=field)


def test_rotation(signer: PayloadSigner) -> None:
    before = PayloadSigner("shop", ["old:another:secret"])
    after = PayloadSigner("shop", [f"new:{SECRET}"])
    written_before = before.sign("x", **PLACE)
    written_now = signer.sign("x", **PLACE)
    assert signer.verify(written_before, **PLACE) == "x"
    assert after.verify(written_now, **PLACE) == "x"
    for reader, text in [(after, written_before), (before, written_now)]:
        with pytest.raises(SignatureError, match="not in signing_keys"):
            reader.verify(text, **PLACE)


def test_a_key_under_another_name_is_refused() -> None:
    signed = PayloadSigner("shop", [f"a:{SECRET}"]).sign("x", **PLACE)
    both = PayloadSigner("shop", [f"b:{SECRET}", "a:different"])
    for text in (signed, signed.replace(":a:", ":b:", 1)):
        with pytest.raises(SignatureError):
            both.verify(text, **PLACE)


@pytest.mark.parametrize("keys", [["secret-only"], [":secret-x"], ["name:"], ["a:secret-x", "a:secret-y"]])
def test_malformed_keys_are_refused_without_showing_them(keys: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        PayloadSigner("shop", keys)
    assert "secret" not in str(caught.value)


def test_keys_are_nowhere_to_be_seen(signer: PayloadSigner) -> None:
    shown: list[Any] = [repr(signer), str(signer), signer.sign("x", **PLACE)]
    with pytest.raises(SignatureError) as caught:
        signer.verify("pynenc-signed:1:new:00:x", **PLACE)
    shown += [str(caught.value), repr(caught.value)]
    assert not any(SECRET in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(signer)
