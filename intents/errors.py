"""The one family of errors that a caller may see: a stable code, a sentence to act on, and an HTTP status."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """Nothing was done. `code` is stable, `message` says what to do next, `details` is JSON."""

    status = 422
    code = "invalid"
    retry_after: int | None = None
    """Seconds after which asking again may help."""
    history_stands = False
    """True if the attempt itself was recorded: the transaction commits, and then this is raised."""

    def __init__(self, message: str, *, code: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = details or {}


class Invalid(DomainError):
    """The request cannot be understood or breaks a rule (422)."""


class Malformed(DomainError):
    """The body or a parameter is not what the endpoint takes (400)."""

    status = 400
    code = "malformed"


class TooLarge(DomainError):
    """A size limit was passed (413); the message names the limit."""

    status = 413
    code = "too_large"


class Unauthenticated(DomainError):
    """No credential, or one that is unknown, expired or revoked (401)."""

    status = 401
    code = "invalid_platform_api_key"


class Forbidden(DomainError):
    """The credential is good but may not do this (403)."""

    status = 403
    code = "forbidden"


class NotFound(DomainError):
    """Unknown here. A row of another workspace answers exactly the same (404)."""

    status = 404
    code = "not_found"


class Conflict(DomainError):
    """The row has moved on, or the same idempotency key came with another body (409)."""

    status = 409
    code = "conflict"


class Unready(DomainError):
    """This process cannot serve yet (503)."""

    status = 503
    code = "not_ready"


class Busy(DomainError):
    """The row lock was not free in time; nothing happened, asking again is safe (503, Retry-After)."""

    status = 503
    code = "busy"
    retry_after = 1

    def __init__(self, message: str = "Somebody else is changing this right now. Ask again in a second.") -> None:
        super().__init__(message)
