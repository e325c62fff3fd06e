"""The only place that knows the driver's exceptions: what they mean, and what to do about it."""

from __future__ import annotations

from pika import exceptions

from pynenc.exceptions import StoreError, StoreUnavailableError

_ACCESS_REFUSED, _NOT_FOUND, _PRECONDITION_FAILED, _NOT_ALLOWED = 403, 404, 406, 530


def translate(error: BaseException, where: str) -> StoreError:
    """Our error for one of the driver's.

    ``StoreUnavailableError`` passes by itself; any other one needs somebody who changes settings or the server.

    Args:
        error: From the driver.
        where: The server, without secrets.
    """
    cause = _innermost(error)
    code = getattr(cause, "reply_code", None)
    text = getattr(cause, "reply_text", None) or _describe(cause)
    refused = isinstance(cause, exceptions.AuthenticationError | exceptions.ProbableAuthenticationError)
    if refused or (code == _ACCESS_REFUSED and "login" in text.lower()):
        return _caused(
            StoreError(
                f"{where} refused the login: check rabbitmq_username and rabbitmq_password, or rabbitmq_url"
            ),
            error,
        )
    if isinstance(cause, exceptions.ProbableAccessDeniedError) or code == _NOT_ALLOWED:
        return _caused(
            StoreError(f"{where}: no access to the virtual host ({text}): check rabbitmq_virtual_host"), error
        )
    if code == _ACCESS_REFUSED:
        return _caused(
            StoreError(
                f"{where}: {text}; the user needs the rights to configure, write and read what begins with "
                "rabbitmq_queue_prefix, and rabbitmq_exchange_name"
            ),
            error,
        )
    if code == _PRECONDITION_FAILED and "inequivalent" in text:
        return _caused(
            StoreError(
                f"{where}: a queue or exchange of that name exists with other arguments ({text}): delete it, or "
                "change rabbitmq_queue_prefix, rabbitmq_queue_type or rabbitmq_exchange_name"
            ),
            error,
        )
    return _caused(StoreUnavailableError(f"{where}: {text}"), error)


def is_absent(error: BaseException) -> bool:
    """Whether a queue does not exist."""
    return getattr(error, "reply_code", None) == _NOT_FOUND


def _caused(ours: StoreError, cause: BaseException) -> StoreError:
    ours.__cause__ = cause
    return ours


def _innermost(error: BaseException) -> BaseException:
    """The driver wraps what went wrong, several times."""
    inner = getattr(error, "exceptions", None) or getattr(error, "exception", None)
    if isinstance(inner, list | tuple):
        inner = inner[-1] if inner else None
    if isinstance(inner, BaseException):
        return _innermost(inner)
    nested = error.args[0] if error.args else None
    return _innermost(nested) if isinstance(nested, BaseException) else error


def _describe(error: BaseException) -> str:
    return str(error) or type(error).__name__
