"""What can go wrong between us and an API server, each in one line for a person. Never holds a secret."""

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import cast


class SourceError(Exception):
    """The API server did not give what was asked; the text says why. ``retry_after``: it said when to come again."""

    retry_after: timedelta | None = None


class UnreachableError(SourceError):
    """Nothing answered, or the answer broke off."""


class UnauthorizedError(SourceError):
    """The API server does not know us (401)."""


class ForbiddenError(SourceError):
    """The API server knows us and refuses (403)."""


class ExpiredError(SourceError):
    """The asked-for version is gone (410): list again."""


class BusyError(SourceError):
    """Too many requests (429)."""

    def __init__(self, message: str, retry_after: timedelta | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GarbledError(SourceError):
    """The answer cannot be read."""


class TooLargeError(SourceError):
    """The answer is longer than anyone should hold in memory."""


class AnswerError(SourceError):
    """Any other answer than the asked-for one."""


class RefusedError(AnswerError):
    """It does not understand, or not allow, what was asked (400, 422)."""


class MissingError(AnswerError):
    """There is no such thing (404)."""


def explain(error: BaseException, address: str, timeout_s: float) -> str:  # noqa: PLR0911 - a table, first match wins
    """Why a connection to ``address`` failed, from the innermost cause that says something."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the API server's certificate is not trusted: {cause.verify_message} ({address})"
        if isinstance(cause, ssl.SSLError):
            return f"TLS with {address} failed: {_plain(cause.reason or 'unknown reason')}"
        if isinstance(cause, ConnectionRefusedError):
            return f"connection refused {address}"
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return f"connection reset by {address}"
        if isinstance(cause, socket.gaierror):
            return f"the name of {address} cannot be resolved"
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in causes):
        return f"no answer from {address} within {timeout_s:g} s"
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return f"cannot reach {address}: {cause.strerror.lower()}"
    # The text of the library is left out: it may quote what was sent.
    return f"the connection to {address} broke off ({type(error).__name__})"


def _plain(reason: str) -> str:
    return reason.replace("_", " ").lower()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, its causes and the members of groups among them, outermost first."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", one).exceptions
        waiting += [one.__cause__, one.__context__]
