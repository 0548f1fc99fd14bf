"""One place where errors become answers: the AXP envelope."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from intents.errors import Busy, DomainError, Forbidden, Malformed, NotFound, TooLarge

log = logging.getLogger(__name__)


def envelope(error: DomainError) -> dict[str, Any]:
    """The body that every refusal has."""
    body = {"code": error.code, "message": error.message, "details": error.details}
    return {"ok": False, "error": body, "detail": error.message}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Map every known error to its status and envelope. Unknown ones stay errors of the server (500, logged)."""
    error = as_domain_error(exc)
    if error is None:
        log.exception("request failed", exc_info=exc)
        body = envelope(DomainError("Something went wrong here; nothing was changed.", code="internal_error"))
        return Response(body, status=500)
    extra = {"applied": False, **error.details} if error.code == "stale_policy_generation" else {}
    return Response(envelope(error) | extra, status=error.status, headers=headers_of(error))


def headers_of(error: DomainError) -> dict[str, str]:
    """What a refusal says outside its body: when to ask again, and how to say who is asking (RFC 9110, 11.6.1)."""
    found = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return {**found, "WWW-Authenticate": "Bearer"} if error.status == 401 else found


def as_domain_error(exc: Exception) -> DomainError | None:
    """The error as one of ours, or None."""
    if isinstance(exc, DomainError):
        return exc
    if isinstance(exc, OperationalError):
        log.error("the database does not answer: %s", exc)
        return Busy("The database does not answer. Ask again in a second.")
    if isinstance(exc, Http404):
        return NotFound("There is no such thing here.")
    if isinstance(exc, PermissionDenied):
        return Forbidden("This is not allowed.")
    if isinstance(exc, RequestDataTooBig):
        return TooLarge("The body is larger than 512 KiB.")
    if isinstance(exc, exceptions.ValidationError):
        return _from_validation(exc)
    if isinstance(exc, exceptions.APIException):
        error = Malformed(str(exc.detail), code=str(exc.default_code))
        error.status = exc.status_code
        return error
    return None


def _from_validation(exc: exceptions.ValidationError) -> DomainError:
    """DRF's nested messages as one sentence and a map of field to sentence."""
    fields = dict(_flat("", exc.detail))
    words = "; ".join(f"{path}: {message}" if path else message for path, message in fields.items())
    return DomainError(words, code="schema_invalid", details={"fields": fields})


def _flat(path: str, detail: Any) -> list[tuple[str, str]]:
    if isinstance(detail, dict):
        return [pair for key, value in detail.items() for pair in _flat(f"{path}.{key}".strip("."), value)]
    if isinstance(detail, list) and all(not isinstance(item, (dict, list)) for item in detail):
        return [(path, " ".join(str(item) for item in detail))]
    if isinstance(detail, list):
        return [pair for at, value in enumerate(detail) for pair in _flat(f"{path}[{at}]", value)]
    return [(path, str(detail))]
