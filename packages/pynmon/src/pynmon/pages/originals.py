"""Stored values as files: whole, and byte by byte as the serializer of the app wrote them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse

from pynenc.contracts.state_backend import PayloadKind
from pynenc.values.ids import InvocationId
from pynenc.values.records import InvocationRecord, OutcomeKind
from pynmon.access import address_of
from pynmon.audit import Audit
from pynmon.identity import identity_of
from pynmon.pages.context import SourceOf
from pynmon.presentation.payloads import has_secret, unsigned
from pynmon.presentation.texts import id_tail
from pynmon.source import MOST_CHARACTERS, Source

router = APIRouter()
api_router = APIRouter(prefix="/api/v1")
_CHUNK_BYTES = 256 * 1024
_GONE = "it is nowhere, or its retention is over"


@api_router.get("/invocations/{invocation_id}/arguments/{argument}", name="api_argument")
@router.get("/export/invocations/{invocation_id}/arguments/{argument}", name="argument")
def argument_file(request: Request, source: SourceOf, invocation_id: str, argument: str) -> StreamingResponse:
    """One argument of a call, serialized."""
    record = _record(source, invocation_id)
    try:
        envelope = json.loads(unsigned(_whole(source, record, PayloadKind.ARGUMENTS)) or "{}")[argument]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise HTTPException(
            404, f"The invocation {invocation_id!r} was not called with {argument!r}, or {_GONE}."
        ) from None
    return _file(request, record, f"argument {argument}", argument, _opened(source, str(envelope)))


@api_router.get("/invocations/{invocation_id}/outcome", name="api_outcome")
@router.get("/export/invocations/{invocation_id}/outcome", name="outcome")
def outcome_file(request: Request, source: SourceOf, invocation_id: str) -> StreamingResponse:
    """The result of an invocation, serialized, or the exception that it raised."""
    record = _record(source, invocation_id)
    kind = record.outcome.kind if record.outcome else None
    text = unsigned(_whole(source, record, PayloadKind.OUTCOME)) if kind else ""
    if not text:
        raise HTTPException(404, f"The invocation {invocation_id!r} has no result yet, or {_GONE}.")
    if kind is OutcomeKind.RESULT:
        text = _opened(source, text)
    return _file(request, record, str(kind), str(kind), text)


def _record(source: Source, invocation_id: str) -> InvocationRecord:
    wanted = InvocationId(invocation_id)
    record = source.store.get_invocations([wanted]).get(wanted)
    if record is None:
        raise HTTPException(404, f"There is no invocation {invocation_id!r}, or its retention is over.")
    return record


def _whole(source: Source, record: InvocationRecord, kind: PayloadKind) -> str:
    stored = source.stored_payloads(record.invocation_id, MOST_CHARACTERS + 1)
    return _bounded(source.payload(record, kind, stored, MOST_CHARACTERS + 1) or "")


def _opened(source: Source, envelope: str) -> str:
    """The serialized text of an envelope, which is all that is looked into."""
    if not envelope.startswith("@"):
        return envelope.removeprefix("=")
    text = source.large_value(envelope[1:])
    if text is None:
        raise HTTPException(404, f"The value is kept apart, but {_GONE}.")
    return _bounded(text)


def _bounded(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise HTTPException(413, f"It is longer than {MOST_CHARACTERS:,} characters.")
    return text


def _file(request: Request, record: InvocationRecord, what: str, name: str, text: str) -> StreamingResponse:
    is_refused = has_secret(name, text)
    identity = identity_of(request.scope)
    audit: Audit = request.app.state.audit
    audit.add(
        who=identity.name if identity else "",
        action="download",
        subject=record.invocation_id,
        result="refused" if is_refused else "done",
        detail=what,
        address=address_of(request),
    )
    if is_refused:
        raise HTTPException(403, "Something in it is masked as a secret: it is given to nobody as a file.")
    data = text.encode("utf-8", "surrogatepass")
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", f"{id_tail(record.invocation_id)}-{name[:60]}").lstrip("_")
    # In pieces: an answer that is not whole is shared with nobody, so that each is in the audit.
    return StreamingResponse(
        _pieces(data),
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{safe}.txt"',
            "Content-Length": str(len(data)),
        },
    )


def _pieces(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), _CHUNK_BYTES):
        yield data[at : at + _CHUNK_BYTES]
