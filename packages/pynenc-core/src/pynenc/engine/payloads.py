"""Arguments, results and exceptions ↔ what stores keep. Large values become references by content hash.

A stored argument or result is an envelope that only this module writes: ``=`` and the serialized text, or
``@`` and the content hash under which the client data store has it. User text is never looked into.
"""

from __future__ import annotations

import hashlib
import json
import logging
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from pynenc.contracts.serializer import BaseSerializer
from pynenc.contracts.state_backend import PayloadKey, PayloadKind
from pynenc.engine.argument_text import masked
from pynenc.engine.components import Components
from pynenc.engine.registry import TaskDefinition
from pynenc.exceptions import CorruptDataError, OutcomeLostError, SerializationError
from pynenc.serializer.exceptions_codec import decode_exception, encode_exception
from pynenc.values.ids import NO_ARGS, InvocationId
from pynenc.values.records import InvocationRecord, Outcome, OutcomeKind
from pynenc.values.value import value

logger = logging.getLogger(__name__)

_PREVIEW = 200
#: JSON of one text. An encoder for whole values is set up anew for each value, which costs more than the writing.
_quote = json.encoder.encode_basestring
#: Reads the JSON value at a position of a text. Around it ``json.loads`` looks for white space, in ten calls.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


@value()
class SerializedArguments:
    """One call's arguments, ready to be stored."""

    #: Serialized text by parameter name; what concurrency keys and ``args_id`` are made of.
    texts: dict[str, str]
    args_id: str
    #: Content hash by parameter name, of those whose large text the client data store keeps.
    references: Mapping[str, str]
    #: Large values by content hash.
    data: Mapping[str, str]


_NONE: Mapping[str, str] = {}
_NOTHING = SerializedArguments({}, NO_ARGS, _NONE, _NONE)


class Payloads:
    """Encodes and decodes for one app."""

    def __init__(self, components: Components) -> None:
        self._serializer: BaseSerializer = components.serializer
        self._signer = components.signer
        self._store = components.client_data_store
        self._state_backend = components.state_backend
        conf = components.data_conf
        never = conf.disable_client_data_store
        self._min_size = float("inf") if never else conf.min_size_to_cache
        self._max_size = conf.max_size_to_cache or float("inf")
        self._warn_size = conf.warn_threshold
        self._cache = _LruTexts(conf.local_cache_size)

    # -- arguments ------------------------------------------------------------------------------------

    def serialize_arguments(
        self, task: TaskDefinition, values: Mapping[str, Any], shared: SerializedArguments = _NOTHING
    ) -> SerializedArguments:
        """Serialize a call's values by parameter name; ``shared`` are already serialized ones to add.

        Raises:
            SerializationError: naming the task, the argument and the path to the offending value.
        """
        if not values and not shared.texts:
            return _NOTHING
        texts = dict(shared.texts)
        references, data = shared.references, shared.data
        inline = task.conf.disable_cache_args
        serialize, hints = self._serializer.serialize, task.hints()
        for name, argument in values.items():
            try:
                text = serialize(argument, expected=hints.get(name, Any))
            except SerializationError as error:
                raise SerializationError(f"argument '{name}' of task '{task.key}': {error}") from error
            texts[name] = text
            if len(text) < self._min_size or len(text) > self._max_size or name in inline or "*" in inline:
                if name in references:  # of a shared value, in whose place this one is
                    references = {other: digest for other, digest in references.items() if other != name}
            else:
                digest = self._digest(text, f"argument '{name}' of task '{task.key}'")
                references = {**references, name: digest}
                data = {**data, digest: text}
        return SerializedArguments(texts, args_id_of(texts), references, data)

    def pack_arguments(self, arguments: SerializedArguments, invocation_id: InvocationId) -> str:
        """The text to store as the arguments of an invocation."""
        if not arguments.texts:
            return ""
        references = arguments.references
        fields = [
            f"{_quote(name)}:{_quote(f'@{references[name]}' if name in references else '=' + text)}"
            for name, text in arguments.texts.items()
        ]
        text = f"{{{','.join(fields)}}}"
        return self._signer.sign(text, kind="arguments", invocation_id=invocation_id, field="")

    def unpack_arguments(self, text: str, invocation_id: InvocationId, args_id: str) -> SerializedArguments:
        """Read back what ``pack_arguments`` made; large values are fetched. The record knows their id.

        Raises:
            SignatureError: it was not signed with a known key for this invocation.
            CorruptDataError: it is not what ``pack_arguments`` makes.
        """
        if not text:
            return _NOTHING
        text = self._signer.verify(text, kind="arguments", invocation_id=invocation_id, field="")
        try:
            envelopes: dict[str, str]
            envelopes, end = _scan(text, 0)
            if end != len(text) or not all(envelopes.values()):
                raise ValueError("something follows, or is empty")
            texts = {name: envelope[1:] for name, envelope in envelopes.items()}
            if '"@' not in text:
                return SerializedArguments(texts, args_id, _NONE, _NONE)
            references = {name: texts[name] for name, envelope in envelopes.items() if envelope[0] == "@"}
        except (ValueError, StopIteration, AttributeError, IndexError, TypeError) as error:
            raise CorruptDataError(
                f"stored arguments of invocation '{invocation_id}' are unreadable"
            ) from error
        data = self._fetch(list(references.values())) if references else _NONE
        for name, digest in references.items():
            texts[name] = data[digest]
        return SerializedArguments(texts, args_id, references, data)

    def stored_arguments(self, record: InvocationRecord) -> SerializedArguments:
        """The serialized arguments of an invocation, wherever they are kept.

        Raises:
            OutcomeLostError: they are gone.
        """
        text = record.arguments
        if text is None:
            key = PayloadKey(record.invocation_id, 0, PayloadKind.ARGUMENTS)
            text = self._state_backend.get_payloads([key]).get(key)
            if text is None:
                raise OutcomeLostError(
                    f"the stored arguments of invocation '{record.invocation_id}' are gone"
                )
        return self.unpack_arguments(text, record.invocation_id, record.args_id)

    def decode_arguments(self, task: TaskDefinition, arguments: SerializedArguments) -> dict[str, Any]:
        """Values by parameter name.

        Raises:
            SerializationError: naming the task and the argument.
        """
        values = {}
        deserialize, hints = self._serializer.deserialize, task.hints()
        for name, text in arguments.texts.items():
            try:
                values[name] = deserialize(text, expected=hints.get(name, Any))
            except SerializationError as error:
                raise SerializationError(f"argument '{name}' of task '{task.key}': {error}") from error
        return values

    # -- outcomes -------------------------------------------------------------------------------------

    def encode_result(
        self, task: TaskDefinition, value: Any, invocation_id: InvocationId
    ) -> tuple[Outcome, Mapping[str, str]]:
        """The outcome of a returned value, and large values to store with it.

        Raises:
            SerializationError: naming the task and the path to the offending value.
        """
        try:
            text = self._serializer.serialize(value, expected=task.hint("return"))
        except SerializationError as error:
            raise SerializationError(f"result of task '{task.key}': {error}") from error
        size = len(text)
        if size < self._min_size or size > self._max_size:
            envelope, data = "=" + text, _NONE
        else:
            digest = self._digest(text, f"result of task '{task.key}'")
            envelope, data = "@" + digest, {digest: text}
        signed = self._signer.sign(envelope, kind="result", invocation_id=invocation_id, field="")
        return Outcome(OutcomeKind.RESULT, signed, masked(text[:_PREVIEW]), size), data

    def encode_exception(self, error: BaseException, invocation_id: InvocationId) -> Outcome:
        """The outcome of a raised exception; never fails."""
        text = encode_exception(error)
        name = type(error).__qualname__
        message = _text_of(error)[:_PREVIEW]
        return Outcome(
            OutcomeKind.EXCEPTION,
            self._signer.sign(text, kind="exception", invocation_id=invocation_id, field=""),
            f"{name}: {message}"[:_PREVIEW],
            len(text),
            f"{type(error).__module__}.{name}",
            message,
            _fingerprint(error),
        )

    def decode_exception(self, text: str, invocation_id: InvocationId) -> Exception:
        """What ``encode_exception`` wrote."""
        return decode_exception(
            self._signer.verify(text, kind="exception", invocation_id=invocation_id, field="")
        )

    def decode_outcome(self, outcome: Outcome, invocation_id: InvocationId, expected: Any) -> Any:
        """The value that an invocation returned; raises the exception that it raised."""
        text = outcome.data
        if text is None:
            raise OutcomeLostError(f"invocation '{invocation_id}' is final, but its stored outcome is gone")
        if outcome.kind is OutcomeKind.EXCEPTION:
            raise self.decode_exception(text, invocation_id)
        envelope = self._signer.verify(text, kind="result", invocation_id=invocation_id, field="")
        serialized = self._fetch([envelope[1:]])[envelope[1:]] if envelope[:1] == "@" else envelope[1:]
        return self._serializer.deserialize(serialized, expected=expected)

    # -- events ---------------------------------------------------------------------------------------

    def encode_event(self, values: dict[str, Any], event_id: str) -> str:
        """The text to store as the payload of an event.

        Raises:
            SerializationError: naming the path to the value that cannot be written.
        """
        try:
            text = self._serializer.serialize(values)
        except SerializationError as error:
            raise SerializationError(f"payload of an event: {error}") from error
        return self._signer.sign(text, kind="event", invocation_id=InvocationId(event_id), field="")

    def decode_event(self, text: str, event_id: str) -> dict[str, Any]:
        """What ``encode_event`` was given."""
        verified = self._signer.verify(text, kind="event", invocation_id=InvocationId(event_id), field="")
        values = self._serializer.deserialize(verified)
        if not isinstance(values, dict):
            raise CorruptDataError(f"the stored payload of event '{event_id}' is no dict")
        return values

    # -- large values ---------------------------------------------------------------------------------

    def _digest(self, text: str, what: str) -> str:
        if len(text) > self._warn_size:
            logger.warning(
                "%s has %d characters: pass a reference to where it is kept instead", what, len(text)
            )
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        self._cache.put(digest, text)
        return digest

    def _fetch(self, digests: list[str]) -> dict[str, str]:
        found = {digest: text for digest in digests if (text := self._cache.get(digest)) is not None}
        missing = [digest for digest in digests if digest not in found]
        if missing:
            found.update(self._store.get(missing))
        for digest in missing:
            text = found.get(digest)
            if text is None:
                raise OutcomeLostError(f"stored value '{digest}' is gone from the client data store")
            if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
                raise CorruptDataError(f"stored value '{digest}' does not have the content of its name")
            self._cache.put(digest, text)
        return found


def args_id_of(texts: Mapping[str, str]) -> str:
    """Hash of serialized arguments, whatever their order."""
    if not texts:
        return NO_ARGS
    joined = ",".join([f"[{_quote(name)},{_quote(text)}]" for name, text in sorted(texts.items())])
    return hashlib.sha256(f"[{joined}]".encode("utf-8", "surrogatepass")).hexdigest()


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # boundary: an exception's own __str__ may be broken
        return "its text cannot be made"


def _fingerprint(error: BaseException) -> str:
    """Equal for failures of the same type at the same place of the code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].name}" if frames else ""
    return hashlib.sha256(f"{type(error).__qualname__}|{place}".encode()).hexdigest()[:16]


class _LruTexts:
    """The large values that this process saw last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._texts: OrderedDict[str, str] = OrderedDict()  # guarded by self._lock

    def get(self, digest: str) -> str | None:
        with self._lock:
            text = self._texts.get(digest)
            if text is not None:
                self._texts.move_to_end(digest)
            return text

    def put(self, digest: str, text: str) -> None:
        with self._lock:
            self._texts[digest] = text
            self._texts.move_to_end(digest)
            while len(self._texts) > self._size:
                self._texts.popitem(last=False)
