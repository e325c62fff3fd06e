"""Texts that are too large for a document: kept in pieces beside it, which are written before it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from pymongo.errors import BulkWriteError, DuplicateKeyError

from pynenc.exceptions import OutcomeLostError
from pynenc_mongodb import schema
from pynenc_mongodb.errors import DUPLICATE, code_of, translated
from pynenc_mongodb.schema import Document
from pynenc_mongodb.server import Server

#: How the names of owners begin: invocations, payloads beside them, large values.
OF_INVOCATION, OF_PAYLOADS, OF_DATA = "invocation/", "payloads/", "data/"
#: Pieces of one text; a message to the server holds several of them.
_PIECE_BYTES = 8 * 1024 * 1024
#: Larger ones never stay in a document, which holds several texts and at most 16 MiB.
_MOST_IN_DOCUMENT = 6 * 1024 * 1024


class Pieces:
    """Writes and reads large texts.

    Args:
        server: Where they are kept.
        threshold: Texts of more bytes are large.
    """

    def __init__(self, server: Server, threshold: int) -> None:
        self._server = server
        self._threshold = min(threshold, _MOST_IN_DOCUMENT)

    def are_needed_for(self, text: str) -> bool:
        """Whether a text is large."""
        return len(text) * 4 > self._threshold and len(text.encode()) > self._threshold

    def stored(self, text: str | None, owner: str, name: str) -> str | Document | None:
        """What a document keeps of a text: itself, or a reference to pieces, which are written now.

        Args:
            text: The text.
            owner: With whom the pieces are deleted.
            name: Different for every text of this owner, and equal for the same text.
        """
        if text is None or not self.are_needed_for(text):
            return text
        data = text.encode()
        key, at = f"{self._server.id_of(owner)}/{name}", self._server.now()
        count = -(-len(data) // _PIECE_BYTES)
        for number in range(count):
            piece = data[number * _PIECE_BYTES : (number + 1) * _PIECE_BYTES]
            document = {"_id": f"{key}/{number}", "a": self._server.app, "of": owner, "at": at, "data": piece}
            # It may have been written before, by a commit whose answer was lost.
            with translated(self._server.where, writing=True), contextlib.suppress(DuplicateKeyError):
                self._collection.insert_one(document)
        return {"pieces": key, "count": count}

    def read(self, values: Mapping[Any, Any]) -> dict[Any, str]:
        """Texts by whatever they are asked for: what documents keep, with references followed."""
        references = {key: value for key, value in values.items() if isinstance(value, Mapping)}
        texts = {key: value for key, value in values.items() if key not in references}
        for key, reference in references.items():
            names = [f"{reference['pieces']}/{number}" for number in range(reference["count"])]
            with translated(self._server.where):
                found = {
                    piece["_id"]: piece["data"]
                    for piece in self._collection.find({"_id": {"$in": names}, "a": self._server.app})
                }
            if len(found) < len(names):
                raise OutcomeLostError(f"pieces of the stored text '{reference['pieces']}' are gone")
            texts[key] = b"".join(found[name] for name in names).decode()
        return texts

    def fill(self, documents: Iterable[Document]) -> None:
        """Put the texts of invocations in place of their references."""
        for document in documents:
            holders = ((document, "arguments"), (document.get("outcome") or {}, "data"))
            for holder, name in holders:
                if isinstance(holder.get(name), Mapping):
                    holder[name] = self.read({name: holder[name]})[name]

    def delete(self, owners: Iterable[str], written_before: float = inf) -> None:
        """Remove the pieces of these owners, only those that were written until a time if one is given."""
        query = {"a": self._server.app, "of": {"$in": list(owners)}, "at": {"$lte": written_before}}
        with translated(self._server.where, writing=True):
            self._collection.delete_many(query)

    def purge(self, kind: str) -> None:
        """Remove all pieces whose owners have names that begin so."""
        with translated(self._server.where, writing=True):
            self._collection.delete_many({"a": self._server.app, "of": {"$regex": f"^{kind}"}})

    @property
    def _collection(self) -> Any:
        return self._server.collection(schema.PIECES)


def insert_new(server: Server, collection: str, documents: list[Document]) -> set[int]:
    """Insert what does not exist; positions of what did. Repeating it is harmless."""
    if not documents:
        return set()
    with translated(server.where, writing=True):
        try:
            server.collection(collection).insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if code_of(error) or error.details.get("writeConcernErrors"):
                raise
            return {one["index"] for one in error.details["writeErrors"] if one["code"] == DUPLICATE}
    return set()
