"""What this process was given, as it was given: its next move need not read it again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from pynenc.values.ids import InvocationId
from pynenc.values.operations import Move
from pynenc_mongodb import codec
from pynenc_mongodb.schema import Document
from pynenc_mongodb.store import MongoStore

#: Of an older claim the next move reads.
_KEPT = 1_000


class Claimed:
    """The documents of the latest claims.

    They may be old. Whoever changes a status counts ``seq`` up, so that a write that demands the ``seq`` that is
    kept here is refused then, and the move is judged upon what is read.

    Args:
        store: Where they are.
    """

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._documents: dict[InvocationId, Document] = {}  # guarded by self._lock

    def keep(self, documents: Iterable[Document]) -> None:
        """Remember what was claimed."""
        kept = {
            self._store.id_of(document): {
                name: value for name, value in document.items() if name in codec.HOT or name == "_id"
            }
            for document in documents
        }
        with self._lock:
            self._documents.update(kept)
            while len(self._documents) > _KEPT:
                del self._documents[next(iter(self._documents))]

    def take(self, moves: Sequence[Move]) -> list[Document]:
        """The documents on which these moves may be judged; each is given once."""
        with self._lock:
            found = [(move, self._documents.pop(move.invocation_id, None)) for move in moves]
        if any(move.waits_on for move in moves):
            # What a pause depends on changes without a new ``seq``.
            return []
        return [
            document
            for move, document in found
            if document is not None
            and document["token"] == move.token
            and document["status"] in move.sources
            and move.seq is None
        ]
