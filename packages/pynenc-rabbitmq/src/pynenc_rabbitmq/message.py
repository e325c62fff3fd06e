"""What a message looks like, and which ones are ours."""

from __future__ import annotations

from typing import Any

import pika

from pynenc.values.ids import InvocationId

_TYPE = "pynenc.invocation"
_LONGEST = 255


def properties_for(app_id: str, ttl_milliseconds: int) -> pika.BasicProperties:
    """Those of every message of an app."""
    return pika.BasicProperties(
        content_type="text/plain",
        content_encoding="utf-8",
        delivery_mode=pika.DeliveryMode.Persistent.value,
        type=_TYPE,
        headers={"app": app_id},
        expiration=str(ttl_milliseconds) if ttl_milliseconds else None,
    )


def read(properties: Any, body: bytes, app_id: str) -> InvocationId:
    """The id in a message; raises why it is not ours.

    Raises:
        ValueError: it is not a message of this app.
    """
    if properties.type != _TYPE:
        raise ValueError(f"its type is {properties.type!r}, not {_TYPE!r}")
    of = (properties.headers or {}).get("app")
    if of != app_id:
        raise ValueError(f"it belongs to app {of!r}")
    return id_in(body)


def id_in(body: bytes) -> InvocationId:
    """The id that is all of a body.

    Raises:
        ValueError: it is none.
    """
    text = body.decode("utf-8")
    if not 0 < len(text) <= _LONGEST or not text.isprintable():
        raise ValueError("its body is no invocation id")
    return InvocationId(text)
