"""What Django itself refuses before any view is asked."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from intents.errors import DomainError, Malformed
from intents.wire.errors import envelope

HOST = "This server is not known by that name. Use the address that people open (BASE_URL, ALLOWED_HOSTS)."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the envelope for programs, a page for people."""
    error: DomainError = Malformed("This request cannot be understood.")
    if isinstance(exception, DisallowedHost):
        error = Malformed(HOST, code="unknown_host")
    if request.path.startswith(("/v1", "/health")):
        return JsonResponse(envelope(error), status=400)
    return render(None, "400.html", {"message": error.message}, status=400)
