"""The members of a family: those that name its root, and the root itself, which names none."""

from __future__ import annotations

from collections.abc import Mapping

from pymongo.collection import Collection

from pynenc_mongodb.schema import Document


def find_family(
    collection: Collection[Document],
    condition: Document,
    root_key: str,
    fields: Mapping[str, int],
    order: int,
    limit: int,
) -> list[Document]:
    """Members in the order of submission, or against it.

    Two reads, because no index holds both: asked for together they are looked for among everything.

    Args:
        collection: The invocations.
        condition: What members have to fulfil, with the ``root_id`` of the family.
        root_key: Of the document of the root.
        fields: What is read of each; ``n`` has to be among it.
        order: 1, or -1 for the newest first.
        limit: At most so many.
    """
    found = list(collection.find(condition, fields, sort=[("n", order)], limit=limit, hint="root"))
    own = {name: value for name, value in condition.items() if name != "root_id"}
    found += collection.find({**own, "_id": root_key}, fields)
    return sorted(found, key=lambda one: one["n"], reverse=order < 0)[:limit]
