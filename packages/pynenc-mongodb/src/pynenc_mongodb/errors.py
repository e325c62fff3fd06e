"""What MongoDB and its driver report → what pynenc raises: one table, one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

from pynenc.exceptions import (
    CommitUnknownError,
    PayloadTooLargeError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)

DUPLICATE = 11000
#: The server ended what it was doing, which may have been half of a batch.
_INTERRUPTED = frozenset(
    {11600, 11601, 11602, 24, 50, 91, 136, 175, 189, 237, 262, 290, 10107, 13388, 13435, 13436}
)
_TOO_LARGE = frozenset({10334, 17280, 17419, 17420})
_FULL = frozenset({14031, 12501})
_BUSY = frozenset({112, 46})
_DENIED = {
    18: "the user and the password do not fit: check mongo_username, mongo_password and mongo_auth_source, or the URL",
    13: "the user may not do that: grant the role readWrite on the database",
    8000: "the user and the password do not fit",
    33: "the user or the key is not known",
}


def code_of(error: BaseException) -> int:
    """The code of what the server reports; 0 without one."""
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        found = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
        return next((one.get("code") or 0 for one in found if one.get("code") != DUPLICATE), 0)
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else 0


def is_unknown(error: PyMongoError) -> bool:
    """Whether a write may have happened, entirely or in part, although it failed."""
    if isinstance(error, ServerSelectionTimeoutError):
        return False  # nothing was sent
    if isinstance(error, AutoReconnect | WTimeoutError | WriteConcernError | ExecutionTimeout):
        return True
    if isinstance(error, BulkWriteError) and (error.details or {}).get("writeConcernErrors"):
        return True
    return code_of(error) in _INTERRUPTED or error.has_error_label("RetryableWriteError")


def translation(where: str, error: BaseException, *, writing: bool) -> StoreError:
    """What a failure means for whoever asked."""
    code = code_of(error)
    if isinstance(error, DocumentTooLarge) or code in _TOO_LARGE:
        return PayloadTooLargeError(f"{where}: {error}; a document holds at most 16 MiB")
    if not isinstance(error, PyMongoError):
        return StoreError(f"{where} cannot hold a value: {error}")
    if code in _DENIED:
        return StoreError(f"{where}: {_text_of(error)}; {_DENIED[code]}")
    if code in _FULL:
        return StoreFullError(
            f"{where}: {_text_of(error)}; free some space on its disk, then it goes on by itself"
        )
    if writing and is_unknown(error):
        return CommitUnknownError(
            f"{where}: the connection or the primary went away while writing: {_text_of(error)}"
        )
    if isinstance(error, ConnectionFailure | InvalidOperation) or is_unknown(error):
        return StoreUnavailableError(
            f"{where} cannot be reached: {_text_of(error)}; is it running, does it have a primary, and may this "
            "machine reach it?"
        )
    if code in _BUSY:
        return StoreBusyError(f"{where}: {_text_of(error)}; try again")
    return StoreError(f"{where}: {_text_of(error)}; this is not expected")


@contextmanager
def translated(where: str, *, writing: bool = False) -> Iterator[None]:
    """Raise what a failure of MongoDB means.

    Args:
        where: Servers and database, for the message; no secrets.
        writing: Whether something may have been written when the connection breaks.
    """
    try:
        yield
    except DuplicateKeyError:
        raise
    except (PyMongoError, BSONError, OverflowError, UnicodeEncodeError) as error:
        raise translation(where, error, writing=writing) from error


def _text_of(error: BaseException) -> str:
    """Without the description of all servers that the driver appends, and without a whole batch."""
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        found = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
        return str(next((one.get("errmsg") for one in found), error))
    if isinstance(error, OperationFailure) and error.details:
        return str(error.details.get("errmsg", error))
    return str(error).partition(", Topology Description")[0]
